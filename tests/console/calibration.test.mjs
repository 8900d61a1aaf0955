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
