import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { picture, show, withPage } from "./browser.mjs";
import { simulatedRoom } from "./server.mjs";

let room;
before(async () => { room = await simulatedRoom(); });
after(() => room?.stop());

test("a_camera_is_calibrated_by_mouse_reviewed_applied_and_undone", { timeout: 90_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "calibrate");
    await page.locator("main a[href^='#/calibrate/']").nth(1).click();
    const sheets = page.locator(".sheet canvas:not(.loupe)");
    await sheets.nth(1).waitFor();
    const click = async (index, [across, down]) => {
      const sheet = sheets.nth(index);
      await sheet.scrollIntoViewIfNeeded();
      const { width, height } = await sheet.boundingBox();
      await sheet.click({ position: { x: width * across, y: height * down } });
    };
    for (const point of [[0.2, 0.3], [0.8, 0.3], [0.8, 0.8], [0.2, 0.8]]) {
      await click(0, point);
      await click(1, point);
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
    await page.locator("main a[href^='#/calibrate/']").first().click();
    await page.locator(".sheet canvas:not(.loupe)").nth(1).waitFor();
    await page.locator("[aria-pressed]").filter({ hasText: "阈值" }).click();
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
