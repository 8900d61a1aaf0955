import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, before, test } from "node:test";
import { faults, picture, show, withPage } from "./browser.mjs";
import { simulatedRoom, site } from "./server.mjs";

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

/** A site as the pages know it. */
const described = (page, id) => page.evaluate(async (wanted) => {
  const room = await (await fetch("/api/v1/room")).json();
  return room.sites.find((known) => known.id === wanted);
}, id);
/** The newest change is taken back. */
const undone = async (page) => {
  const count = await page.locator("summary").filter({ hasText: /undone|已撤销/ }).count();
  await page.locator("[data-act=undo]:not(:disabled)").click();
  await page.locator("summary").filter({ hasText: /undone|已撤销/ }).nth(count).waitFor({ state: "attached" });
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
    await undone(page);
    await undone(page);
    await page.locator("[data-mode=places]").click();
    await page.locator("[data-choice=thing] option").filter({ hasText: "104.0, 60.0" }).waitFor({ state: "attached" });
  }));

test("a_line_is_drawn_by_mouse_shows_its_direction_on_the_map_is_moved_by_keys_and_taken_out", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    const line = async () => (await described(page, "square")).lines.find((known) => known.id === "stage-side");
    await show(page, "calibrate/square/cam-stage");
    await sheets(page).nth(1).waitFor();
    await page.locator("[data-mode=line]").click();
    // Down the side of the zone "stage": in the picture of what lies 30 to 90 m across and 38 to 68 m up the ground.
    for (const [index, down] of [[0, 0.3], [1, 0.9]]) {
      await click(sheets(page).nth(0), [1 / 6, down]);
      await page.locator(".corners tbody tr").nth(index).waitFor();
    }
    await page.locator("[name=name]").fill("Stage side 舞台边");
    await page.locator("[name=id]").fill("stage-side");
    await page.locator("[name=zone]").selectOption("stage");
    await picture(page, "line-drawn");
    assert.deepEqual(await faults(page), []);
    await page.locator("[data-act=review]").click();
    await page.locator("pre .added").filter({ hasText: "stage-side" }).waitFor();
    await picture(page, "line-review");
    await applied(page);
    await page.locator("[data-choice=line] option[value=stage-side]").waitFor({ state: "attached" });
    const drawn = await line();
    assert.deepEqual([drawn.inside, drawn.zone, drawn.points_in_ground_m.length], ["left", "stage", 2]);
    assert.ok(Math.abs(drawn.points_in_ground_m[0][0] - 40) < 0.2 && Math.abs(drawn.points_in_ground_m[0][1] - 59) < 0.2, JSON.stringify(drawn));
    await show(page, "situation");
    await page.locator(".way").nth(7).waitFor();
    assert.deepEqual([...new Set(await page.locator(".way").allInnerTexts())].sort(), ["in", "out"]);
    await picture(page, "line-on-map");

    await show(page, "calibrate/square");
    await page.locator("[data-mode=line]").click();
    await page.locator("[data-choice=line]").selectOption("stage-side");
    assert.deepEqual([await page.locator("[name=zone]").inputValue(), await page.locator("[name=inside]").inputValue()], ["stage", ""]);
    await page.locator(".corners input").first().fill("41.5");
    await page.locator("[name=zone]").selectOption("");
    await page.locator("[name=inside]").selectOption("right");
    await page.locator("[name=name]").fill("Side");
    await picture(page, "line-turned");
    await page.locator("[data-act=review]").press("Enter");
    await page.locator("[data-act=apply]").press("Enter");
    await page.locator("[data-choice=line] option").filter({ hasText: /^Side$/ }).waitFor({ state: "attached" });
    const moved = await line();
    assert.deepEqual([moved.inside, moved.zone, moved.points_in_ground_m[0][0]], ["right", null, 41.5]);

    await page.locator("[data-choice=line]").selectOption("stage-side");
    await page.locator("[data-act=take-out]").click();
    await page.locator(".goes").getByText("Nobody is counted across Side any more").waitFor();
    await picture(page, "line-take-out");
    await applied(page);
    await page.locator("[data-choice=line] option[value=stage-side]").waitFor({ state: "detached" });
    await undone(page);
    await page.locator("[data-choice=line] option[value=stage-side]").waitFor({ state: "attached" });
    await undone(page);
    await undone(page);
    await page.locator("[data-choice=line] option[value=stage-side]").waitFor({ state: "detached" });
  }));

test("a_zone_is_taken_out_with_the_line_and_the_loudspeaker_that_name_it_and_all_of_it_comes_back", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "zh" }, async (page) => {
    const before = await described(page, "square");
    const takeOut = async (zone, lines) => {
      await page.locator("[data-choice=zone]").selectOption(zone);
      if (lines) await page.locator("[name=named_by]").selectOption(lines);
      await page.locator("[data-act=take-out]").click();
      await page.locator("[data-act=apply]").waitFor();
    };
    const goes = async (text) => page.locator(".goes").getByText(text).waitFor();
    await show(page, "calibrate/square");
    await sheets(page).first().waitFor();
    await takeOut("east");
    await goes("扩音器 Stairs horn 台阶喇叭 不再为该区域广播。");
    await applied(page);
    await page.locator("[data-choice=zone] option[value=east]").waitFor({ state: "detached" });

    await takeOut("stairs", "is_freed");
    await goes("计数线 East gate 东门 继续计数，不再属于任何区域。");
    await takeOut("stairs", "goes_too");
    await goes("计数线 East gate 东门 一并移除");
    // It named "stairs" and "east": now nothing is left.
    await goes("且已无任何区域");
    await picture(page, "zone-take-out-named");
    assert.deepEqual(await faults(page), []);
    await applied(page);
    await page.locator("[data-choice=zone] option[value=stairs]").waitFor({ state: "detached" });
    const left = await described(page, "square");
    assert.deepEqual(left.lines.map((line) => line.id), ["north-gate", "west-gate"]);
    assert.deepEqual(left.speakers.find((speaker) => speaker.id === "horn-stairs").zones, []);

    await undone(page);
    await undone(page);
    // The changes are listed at once; the pages learn of the site a moment later.
    for (const zone of ["stairs", "east"]) {
      await page.locator(`[data-choice=zone] option[value=${zone}]`).waitFor({ state: "attached" });
    }
    const after = await described(page, "square");
    assert.deepEqual([after.zones, after.lines, after.speakers], [before.zones, before.lines, before.speakers]);
  }));

const YARD = `[[zone]]
id = "gate"
polygon_m = [[10, 5], [30, 5], [30, 15], [10, 15]]
profile = "street_flat"
capacity_people = 500
`;

test("a_line_that_is_drawn_on_the_still_of_a_running_site_is_in_its_file_and_taken_out_again", { timeout: 180_000 }, async () => {
  const yard = await site(YARD);
  try {
    const file = () => readFileSync(join(yard.folder, "site.toml"), "utf8");
    const before = file();
    const [, password] = yard.said.match(/password "([^"]+)"/) ?? [];
    await withPage({ at: yard.url, user: "administrator", password }, async (page) => {
      const still = "/api/v1/calibrate/yard/mast/still.jpg";
      await page.evaluate(async (address) => {
        while (!(await fetch(address)).ok) await new Promise((resolve) => setTimeout(resolve, 200));
      }, still);
      await show(page, "calibrate/yard/mast");
      await sheets(page).nth(1).waitFor();
      await page.locator("[data-mode=line]").click();
      // From above, the picture is 40 m wide: the left side of the zone from its far end to the near one.
      for (const [index, down] of [[0, 0.4], [1, 0.7]]) {
        await click(sheets(page).nth(0), [0.25, down]);
        await page.locator(".corners tbody tr").nth(index).waitFor();
      }
      await page.locator("[name=name]").fill("Way in");
      await page.locator("[name=id]").fill("way-in");
      await page.locator("[name=zone]").selectOption("gate");
      await picture(page, "line-real-drawn");
      await page.locator("[data-act=review]").click();
      await page.locator("pre .added").filter({ hasText: "way-in" }).waitFor();
      await picture(page, "line-real-review");
      await applied(page);
      assert.match(file(), /\[\[line\]\]\nid = "way-in"\nname = "Way in"\npoints_m = \[\[.+\]\]\nzone = "gate"\n/);
      await page.locator("[data-choice=line] option[value=way-in]").waitFor({ state: "attached" });
      assert.equal((await described(page, "yard")).lines[0].inside, "left");
      await show(page, "situation");
      await page.locator(".way").nth(1).waitFor();

      await show(page, "calibrate/yard");
      await page.locator("[data-choice=zone]").selectOption("gate");
      await page.locator("[name=named_by]").selectOption("goes_too");
      await page.locator("[data-act=take-out]").click();
      await page.locator(".goes").getByText("Line Way in is taken out").waitFor();
      await page.locator("[data-mode=line]").click();
      await page.locator("[data-choice=line]").selectOption("way-in");
      await page.locator("[data-act=take-out]").click();
      await page.locator("pre .gone").filter({ hasText: "way-in" }).waitFor();
      await applied(page);
      await page.locator("[data-choice=line] option[value=way-in]").waitFor({ state: "detached" });
      assert.equal(file(), before);
    });
  } finally {
    await yard.stop();
  }
});
