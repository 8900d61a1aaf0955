// An officer's shift with the real program: a simulated crowd is filmed, counted, warned of, and answered.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { picture, show, withPage } from "./browser.mjs";
import { demonstration } from "./server.mjs";

const MINUTES = 60_000;
let demo;
before(async () => { demo = await demonstration(); });
after(() => demo?.stop());

test("an_officers_shift_from_red_alarm_to_report", { timeout: 14 * MINUTES }, () =>
  withPage({ at: demo.url, language: process.env.THRONG_SHIFT_LANGUAGE ?? "zh" }, async (page) => {
    // The crowd has to be filmed first where that was not done before, and then to gather.
    const card = page.locator("article.alarm.level-red.unanswered").first();
    await card.waitFor({ timeout: 8 * MINUTES });
    await picture(page, "shift-1-red");
    const address = await card.locator("a.title").getAttribute("href");
    const toAlarm = () => page.evaluate((to) => { location.hash = to; }, address);
    await toAlarm();
    await page.locator("[data-act=acknowledge]").click();
    await page.locator("[data-act=assign]").click();
    await page.locator("dialog [type=submit]").click();
    await page.locator("[data-act=on-the-way]").click();
    await page.locator("[data-act=arrived]").waitFor();

    // The site asks for an announcement at red; nothing is said before somebody agrees.
    await show(page, "speakers");
    await picture(page, "shift-2-asked");
    await page.locator("[data-act=confirm]").first().click();
    await page.locator("[data-outcome=started]").first().waitFor();
    assert.ok(await page.locator("[data-act=abort]").first().isVisible());
    await picture(page, "shift-3-said");

    // Why, and what it looks like.
    await toAlarm();
    await page.locator("a[href^='#/zone/']").first().click();
    await page.locator(".bars .bar").first().waitFor();
    await picture(page, "shift-zone");
    await show(page, "wall");
    await picture(page, "shift-wall");

    await toAlarm();
    await page.locator("[data-act=arrived]").click();
    await page.locator("[data-act=measures]").click();
    await page.locator("dialog textarea").fill("两侧出口已打开");
    await page.locator("dialog [type=submit]").click();
    await page.locator(".journal").getByText("两侧出口已打开").waitFor();
    await picture(page, "shift-4-measures");

    // Red is closed only once fresh data says that it is over: the button waits for that.
    await page.locator("[data-act=close]:not(:disabled)").click({ timeout: 3 * MINUTES });
    await page.locator("dialog textarea").fill("人群已疏散");
    await page.locator("dialog [type=submit]").click();
    await page.locator(".steps li:last-child[aria-current]").waitFor();
    await picture(page, "shift-5-closed");

    await show(page, "speakers");
    await page.locator("[data-effect]").first().waitFor({ timeout: 2 * MINUTES });
    await picture(page, "shift-6-did-it-help");
    await show(page, "report");
    await page.locator("a[href*='format=json']").waitFor();
    await picture(page, "shift-7-report");
    assert.match(demo.said, /Loudspeaker: AwaitingConfirmation \(room agreed\)/);
  }));
