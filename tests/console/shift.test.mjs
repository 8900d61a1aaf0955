import assert from "node:assert/strict";
import { test } from "node:test";
import { picture, show, withPage } from "./browser.mjs";

const MINUTES = 60_000;

test("an_officers_shift_from_red_alarm_to_report", { timeout: 14 * MINUTES }, () =>
  withPage({ language: "zh" }, async (page) => {
    await show(page, "situation");
    const card = page.locator("article.alarm.level-red.unanswered").first();
    await card.waitFor({ timeout: 6 * MINUTES });
    await picture(page, "shift-1-red");
    const address = await card.locator("a.title").getAttribute("href");
    const to_alarm = () => page.evaluate((to) => { location.hash = to; }, address);
    await to_alarm();
    await page.locator("[data-act=acknowledge]").click();
    await page.locator("[data-act=on-the-way]").waitFor();

    await show(page, "speakers");
    await page.locator("[data-act=speak]:not(:disabled)").first().click();
    await page.locator("dialog [type=submit]").click();
    await page.locator("[data-act=confirm]").first().click();
    assert.ok(await page.locator("[data-act=abort]").first().isVisible());
    await page.locator("[data-effect]").first().waitFor({ timeout: 2 * MINUTES });
    await picture(page, "shift-2-it-helped");

    await to_alarm();
    await page.locator("[data-act=on-the-way]").click();
    await page.locator("[data-act=arrived]").click();
    await page.locator("[data-act=measures]").click();
    await page.locator("dialog textarea").fill("两侧出口已打开");
    await page.locator("dialog [type=submit]").click();
    await page.locator(".journal").getByText("两侧出口已打开").waitFor();
    await picture(page, "shift-3-measures");

    // Red is closed only once fresh data says that it is over: the button waits for that.
    await page.locator("[data-act=close]:not(:disabled)").click({ timeout: 6 * MINUTES });
    await page.locator("dialog textarea").fill("人群已疏散");
    await page.locator("dialog [type=submit]").click();
    await page.locator(".steps li:last-child[aria-current]").waitFor();
    await picture(page, "shift-4-closed");

    await show(page, "report");
    await page.locator("a[href*='format=json']").waitFor();
    await picture(page, "shift-5-report");
  }));
