import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { test } from "node:test";
import { SCREENS, SIZES, line, picture, show, someZone, withPage } from "./browser.mjs";

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
const texts = (language) => JSON.parse(readFileSync(new URL(`../../pipeline/console/web/text/${language}.json`, import.meta.url)));

test("both_languages_say_the_same_things", () => {
  const [zh, en] = [texts("zh"), texts("en")];
  assert.deepEqual(Object.keys(zh).sort(), Object.keys(en).sort());
  const fills = (text) => [...text.matchAll(/\{\w+\}/g)].map(String).sort();
  for (const key of Object.keys(zh)) assert.deepEqual(fills(zh[key]), fills(en[key]), key);
  assert.deepEqual(Object.keys(en).filter((key) => en[key] === zh[key]), [], "left untranslated");
});

for (const theme of ["dark", "light"]) {
  for (const language of ["zh", "en"]) {
    test(`every_screen_can_be_used_by_everybody_${theme}_${language}`, { timeout: 240_000 }, () =>
      withPage({ theme, language }, async (page) => {
        const bad = [];
        for (const screen of [...SCREENS, await someZone(page)]) {
          await show(page, screen);
          await page.evaluate(axe);
          const { violations } = await page.evaluate(() => globalThis.axe.run());
          for (const { id, impact, nodes } of violations) {
            if (["serious", "critical"].includes(impact)) bad.push([screen, id, nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
          }
          await picture(page, `${screen}-laptop-${theme}-${language}`);
        }
        assert.deepEqual(bad, []);
      }));
  }
}

test("a_phone_never_scrolls_sideways", { timeout: 120_000 }, () =>
  withPage({ size: SIZES.phone, language: "zh" }, async (page) => {
    for (const screen of [...SCREENS, await someZone(page)]) {
      await show(page, screen);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= SIZES.phone.width, `${screen} is ${width} px wide`);
      await picture(page, `${screen}-phone-dark-zh`);
    }
  }));

test("a_wall_shows_the_danger_and_what_is_unknown", { timeout: 60_000 }, () =>
  withPage({ size: SIZES.wall, language: "zh" }, async (page) => {
    await show(page, "situation");
    await page.locator(".strip .level-unknown").first().waitFor();
    await picture(page, "situation-wall-dark-zh");
    await show(page, "wall");
    await picture(page, "wall-wall-dark-zh");
  }));

test("a_console_that_falls_silent_says_so_over_everything", { timeout: 90_000 }, async () => {
  const way = await line();
  try {
    await withPage({ at: way.at }, async (page, found) => {
      await show(page, "situation");
      way.silence();
      await page.locator("#lost").waitFor({ timeout: 30_000 });
      await picture(page, "lost-laptop-dark-en");
      way.restore();
      await page.locator("#lost").waitFor({ state: "hidden", timeout: 30_000 });
      // The browser writes down each request that failed meanwhile.
      found.errors = found.errors.filter((error) => !/net::ERR_/.test(error));
    });
  } finally {
    way.close();
  }
});
