import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { picture, show, withPage } from "./browser.mjs";
import { simulatedRoom } from "./server.mjs";

/** Clicks a share of the way across and down a sheet of the page. */
async function click(sheet, [across, down]) {
  await sheet.scrollIntoViewIfNeeded();
  const { width, height } = await sheet.boundingBox();
  await sheet.click({ position: { x: width * across, y: height * down } });
}
const sheets = (page) => page.locator(".sheet canvas:not(.loupe)");
const applied = async (page) => {
  await page.locator("[data-act=apply]").click();
  await page.locator("[data-act=apply]").waitFor({ state: "detached" });
};

let room;
before(async () => { room = await simulatedRoom(); });
after(() => room?.stop());

test("a_camera_is_calibrated_by_mouse_reviewed_applied_and_undone", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "calibrate");
    await page.locator("main a[href='#/calibrate/square/cam-square']").click();
    await sheets(page).nth(1).waitFor();
    for (const point of [[0.2, 0.3], [0.8, 0.3], [0.8, 0.8], [0.2, 0.8]]) {
      await click(sheets(page).nth(0), point);
      await click(sheets(page).nth(1), point);
    }
    await page.locator("tbody tr").nth(3).waitFor();
    const review = page.locator("[data-act=review]:not(:disabled)");
    await review.waitFor();
    await picture(page, "calibration-fitted");
    await review.click();
    await page.locator("pre .added").first().waitFor();
    await picture(page, "calibration-review");
    await page.locator("[data-act=apply]").click();
    await page.locator("[data-act=undo]:not(:disabled)").click();
    await page.locator("summary").filter({ hasText: "undone" }).first().waitFor();
  }));

test("thresholds_are_set_by_a_form_reviewed_and_refused_whole_where_they_are_wrong", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "zh" }, async (page, found) => {
    await show(page, "calibrate");
    await page.locator("main a[href='#/calibrate/square/cam-stage']").click();
    await sheets(page).nth(1).waitFor();
    await page.locator("[data-mode=thresholds]").click();
    const form = page.locator("#page form");
    const set = async (values) => {
      for (const [level, value] of Object.entries(values)) await form.locator(`[name=${level}]`).fill(String(value));
      await form.locator("[data-act=review]").click();
    };
    assert.equal(await form.locator("[name=red]").inputValue(), "5");
    await set({ blue: 4, yellow: 3 });
    await page.locator(".problem").getByText("density_people_per_m2 must increase from blue to red").waitFor();
    assert.equal(await page.locator("[data-act=apply]").count(), 0);
    await picture(page, "thresholds-refused");
    await set({ blue: 1.2, yellow: 2.2 });
    await page.locator("pre .added").filter({ hasText: "1.2" }).waitFor();
    await picture(page, "thresholds-review");
    await page.locator("[data-act=apply]").click();
    await page.locator("summary").first().waitFor();
    // A refusal is an answer, and the browser writes it down as an error.
    found.errors = found.errors.filter((error) => !/status of 409/.test(error));
  }));

test("a_zone_is_drawn_on_the_still_comes_onto_the_map_and_is_taken_out_with_what_goes_with_it", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "calibrate/square/cam-stage");
    await sheets(page).nth(1).waitFor();
    await page.locator("[data-mode=zone]").click();
    // Two corners in the picture, one on the ground, one by keys.
    await click(sheets(page).nth(0), [0.1, 0.6]);
    await page.locator(".corners tbody tr").nth(0).waitFor();
    await click(sheets(page).nth(0), [0.3, 0.6]);
    await page.locator(".corners tbody tr").nth(1).waitFor();
    await click(sheets(page).nth(1), [0.5, 0.75]);
    await page.locator(".corners tbody tr").nth(2).waitFor();
    await page.locator("[data-act=corner]").click();
    const last = page.locator(".corners tbody tr").nth(3).locator("input");
    await last.nth(0).fill("36");
    await last.nth(1).fill("45");
    // The picture of the camera lies 30 to 90 m across and 38 to 68 m up the ground.
    const first = await page.locator(".corners tbody tr").nth(0).locator("input").evaluateAll((inputs) => inputs.map((input) => Number(input.value)));
    assert.ok(Math.abs(first[0] - 36) < 0.2 && Math.abs(first[1] - 50) < 0.2, String(first));
    await page.locator("[name=name]").fill("Fountain 喷泉");
    await page.locator("[name=id]").fill("fountain");
    await page.locator("[name=profile]").selectOption("standing_event");
    assert.match(await page.locator("[name=profile] option:checked").innerText(), /3\.0 \/ 4\.0 \/ 4\.7 \/ 5\.5/);
    await page.locator("[name=capacity_people]").fill("300");
    await page.locator("[name=ring]").selectOption("core");
    await picture(page, "zone-drawn");
    await page.locator("[data-act=review]").click();
    await page.locator("pre .added").filter({ hasText: "fountain" }).waitFor();
    await picture(page, "zone-review");
    await applied(page);
    await show(page, "situation");
    await page.locator(".strip").getByText("Fountain 喷泉").waitFor();
    await page.locator(".zone-name").first().waitFor();
    await picture(page, "zone-on-map");

    await show(page, "calibrate/square");
    await page.locator("[data-choice=zone]").selectOption("fountain");
    await page.locator("[data-act=take-out]").click();
    await page.locator(".goes").getByText("That does not make it safe").waitFor();
    await picture(page, "zone-take-out");
    await applied(page);
    await page.locator("[data-choice=zone] option[value=fountain]").waitFor({ state: "detached" });
    await show(page, "situation");
    await page.locator(".strip").getByText("Fountain 喷泉").waitFor({ state: "detached" });

    // Taken back, it is there again.
    await show(page, "calibrate/square");
    await page.locator("[data-act=undo]:not(:disabled)").click();
    await page.locator("[data-choice=zone] option[value=fountain]").waitFor({ state: "attached" });
  }));

test("an_alarm_of_a_zone_that_was_taken_out_stays_as_unknown_until_people_close_it", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "zh" }, async (page) => {
    await show(page, "situation");
    // The metro's camera is lost: an alarm is open all the time.
    const card = page.locator("article.alarm").filter({ hasText: "Metro" });
    await card.waitFor();
    await show(page, "calibrate/square");
    await page.locator("[data-choice=zone]").selectOption("metro");
    await page.locator("[data-act=take-out]").click();
    await page.locator(".goes").getByText("1 条未关闭警报").waitFor();
    await applied(page);
    await show(page, "situation");
    const unknown = page.locator("article.alarm.level-unknown").filter({ hasText: "metro" });
    await unknown.waitFor();
    await unknown.locator("a.title").click();
    await page.locator(".journal").getByText("区域已移除").waitFor();
    await picture(page, "zone-unwatched-alarm");
    await page.locator("[data-act=close]:not(:disabled)").click();
    await page.locator("dialog textarea").fill("出口已封闭");
    await page.locator("dialog [type=submit]").click();
    await page.locator(".steps li:last-child[aria-current]").waitFor();
    await show(page, "calibrate/square");
    await page.locator("[data-act=undo]:not(:disabled)").click();
    await page.locator("[data-choice=zone] option[value=metro]").waitFor({ state: "attached" });
  }));

test("a_loudspeaker_is_placed_by_a_click_and_stands_there_on_the_map", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "calibrate/square");
    await sheets(page).first().waitFor();
    await page.locator("[data-mode=places]").click();
    await page.locator("[data-choice=thing]").selectOption("speaker/horn-stairs");
    await click(sheets(page).first(), [0.5, 0.5]);
    await page.waitForFunction(() => document.querySelector("[name=x]").value !== "104");
    await picture(page, "place-clicked");
    await page.locator("[name=x]").fill("120");
    await page.locator("[name=y]").fill("70");
    await page.locator("[data-act=review]").click();
    await page.locator("pre .added").filter({ hasText: "[120.0,70.0]" }).waitFor();
    await applied(page);
    const stands = async () => page.evaluate(async () => {
      const room = await (await fetch("/api/v1/room")).json();
      return room.sites.find((site) => site.id === "square").speakers.find((speaker) => speaker.id === "horn-stairs").position_in_ground_m;
    });
    await page.locator("[data-choice=thing] option").filter({ hasText: "120.0, 70.0" }).waitFor({ state: "attached" });
    assert.deepEqual(await stands(), [120, 70]);
    await page.locator("[data-act=no-place]").click();
    await applied(page);
    await page.locator("[data-choice=thing] option").filter({ hasText: "no place" }).waitFor({ state: "attached" });
    assert.equal(await stands(), null);
    await show(page, "situation");
    await page.locator(".marker.speakers").first().waitFor();
    assert.equal(await page.locator(".marker.speakers").count(), 1);
    await show(page, "calibrate/square");
    await page.locator("[data-act=undo]:not(:disabled)").click();
    await page.locator("[data-act=undo]:not(:disabled)").click();
  }));
