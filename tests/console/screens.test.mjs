import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { after, before, test } from "node:test";
import { SCREENS, SIZES, faults, line, picture, show, someZone, withPage } from "./browser.mjs";
import { simulatedRoom } from "./server.mjs";

let room;
before(async () => { room = await simulatedRoom(); });
after(() => room?.stop());

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
      withPage({ at: room.url, theme, language }, async (page) => {
        const bad = [];
        for (const screen of [...SCREENS, await someZone(page)]) {
          await show(page, screen);
          for (const fault of await faults(page)) bad.push([screen, ...fault]);
          await picture(page, `${screen}-laptop-${theme}-${language}`);
        }
        assert.deepEqual(bad, []);
      }));
  }
}

test("a_phone_never_scrolls_sideways", { timeout: 120_000 }, () =>
  withPage({ at: room.url, size: SIZES.phone, language: "zh" }, async (page) => {
    for (const screen of [...SCREENS, await someZone(page)]) {
      await show(page, screen);
      const width = await page.evaluate(() => document.documentElement.scrollWidth);
      assert.ok(width <= SIZES.phone.width, `${screen} is ${width} px wide`);
      await picture(page, `${screen}-phone-dark-zh`);
    }
  }));

test("what_a_zone_page_shows_can_be_kept_as_picture_and_table", { timeout: 60_000 }, () =>
  withPage({ at: room.url }, async (page) => {
    await show(page, await someZone(page));
    const kept = async (kind) => {
      const [download] = await Promise.all([page.waitForEvent("download"), page.locator(`[data-act=${kind}]`).click()]);
      return readFileSync(await download.path());
    };
    await page.locator(".u-over").waitFor();
    const picture = await kept("png");
    assert.equal(picture.subarray(1, 4).toString(), "PNG");
    // A drawing on a ground, not a blank one: that would be a tenth of this.
    assert.ok(picture.length > 8000, `${picture.length} bytes`);
    const [head, ...rows] = (await kept("csv")).toString().split("\n");
    assert.equal(head, "at,density_mean,density_p95,density_max");
    assert.ok(rows.length > 0 && rows.every((row) => /^\d{4}-\d\d-\d\dT[\d:.]+Z,([\d.]*,){2}[\d.]*$/.test(row)), rows.slice(0, 3).join("\n"));
  }));

test("an_account_is_given_a_site_and_a_day_is_put_into_the_calendar", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "zh" }, async (page) => {
    await show(page, "accounts");
    await page.locator("button.primary").first().click();
    const dialog = page.locator("dialog");
    for (const [name, value] of [["user", "yang"], ["name", "杨警官"], ["password", "一个足够长的密码才行"], ["cameras", "square/cam-stage"]]) await dialog.locator(`[name=${name}]`).fill(value);
    await dialog.locator("[name=sites][value=square]").check();
    await picture(page, "account-dialog");
    await dialog.locator("[type=submit]").click();
    const row = page.locator("tbody tr").filter({ hasText: "杨警官" });
    await row.waitFor();
    assert.match(await row.innerText(), /square\s+square\/cam-stage/);

    await show(page, "report");
    await page.locator("[data-act=calendar-add]").click();
    await dialog.locator("[name=name]").fill("庙会");
    await dialog.locator("[name=kind]").selectOption("market");
    await dialog.locator("[type=submit]").click();
    await page.locator("[data-calendar=square]").getByText("庙会").waitFor();
    await picture(page, "calendar");
  }));

test("what_happens_outside_lowers_thresholds_with_its_reason_and_is_ended_by_hand", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "situation");
    // The rain of the simulated room lowers the thresholds of its stairs alone.
    const rain = page.locator("[data-signal=rain]");
    await rain.getByText("Stairs 台阶 to 83 %").waitFor();
    await page.locator("[data-act=signal]").click();
    const dialog = page.locator("dialog");
    await dialog.locator("[name=kind]").selectOption("event");
    await dialog.locator("[name=text]").fill("The concert is sold out");
    await dialog.locator("[name=percent]").fill("70");
    await dialog.locator("[name=zones][value=square]").check();
    await picture(page, "signal-dialog");
    await dialog.locator("[type=submit]").click();
    const entered = page.locator(".signal").filter({ hasText: "The concert is sold out" });
    await entered.locator(".lowered").waitFor();
    await picture(page, "signal-situation");

    await show(page, "zone/square/square");
    await page.locator(".badge.lowered").getByText("Lowered to 70 %").waitFor();
    await picture(page, "signal-zone");
    await show(page, "situation");
    await entered.locator("button").click();
    await entered.waitFor({ state: "detached" });
    await show(page, "zone/square/square");
    await page.locator(".badge.lowered").waitFor({ state: "detached" });
  }));

test("cameras_and_loudspeakers_stand_on_the_map_with_what_they_do_and_lead_to_their_pages", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "situation");
    const mark = (title) => page.locator(`.marker[title="${title}"]`);
    await mark("Metro 地铁 · NO DATA").waitFor();
    await mark("Stage horn 舞台喇叭 · Ready").waitFor();
    assert.equal(await mark("Metro 地铁 · NO DATA").innerText(), "☒");
    assert.notEqual(await page.locator(".marker.cameras.is-sees").count(), 0);
    await page.locator(".marker.cameras.is-sees").first().dispatchEvent("click");
    await page.locator("#page[data-screen=wall]").waitFor();
    await show(page, "situation");
    await page.locator(".marker.speakers").first().dispatchEvent("click");
    await page.locator("#page[data-screen=speakers]").waitFor();
  }));

test("a_floor_plan_and_tiles_of_our_own_lie_under_the_map_turned_as_the_site_lies", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "situation");
    const tiles = page.locator(".leaflet-underlay-pane canvas.leaflet-tile-loaded");
    await tiles.first().waitFor();
    // What was painted is no blank canvas: streets and blocks of the tiles.
    const colours = () => page.evaluate(() => {
      const canvas = document.querySelector(".leaflet-underlay-pane canvas.leaflet-tile-loaded");
      const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
      return new Set(Array.from({ length: 400 }, (_, index) => data.slice(index * 640, index * 640 + 4).join())).size;
    });
    await page.waitForFunction(() => document.querySelector(".leaflet-underlay-pane canvas.leaflet-tile-loaded"));
    assert.ok(await colours() > 2, String(await colours()));
    await page.getByText("Drawn for this room").waitFor();
    await picture(page, "underlay-tiles");
    await page.locator(".layers button").filter({ hasText: "Ground" }).click();
    await tiles.first().waitFor({ state: "detached" });
    await page.locator(".layers select").selectOption("station");
    const plan = page.locator(".leaflet-underlay-pane img");
    await plan.waitFor();
    assert.ok(await plan.evaluate((image) => image.naturalWidth > 400 && image.naturalHeight > 300));
    await picture(page, "underlay-plan");
    await show(page, "calibrate/station");
    await page.locator(".sheet canvas").first().waitFor();
    await picture(page, "underlay-plan-sheet");
  }));

test("a_place_of_the_web_map_lies_where_the_ellipsoid_says", () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    const [origin, north, east] = await page.evaluate(async () => {
      const { webFromGround } = await import("/app/underlay.js");
      const web = webFromGround({ latitude_deg: 51, longitude_deg: 13.7, bearing_deg: 0 });
      const turned = webFromGround({ latitude_deg: 51, longitude_deg: 13.7, bearing_deg: 90 });
      return [web([0, 0]), web([0, 1000]), turned([0, 1000])];
    });
    const mercator = (latitude_deg, longitude_deg) => [(longitude_deg + 180) / 360, (1 - Math.asinh(Math.tan((latitude_deg * Math.PI) / 180)) / Math.PI) / 2];
    const near = (found, expected) => assert.ok(found.every((value, axis) => Math.abs(value - expected[axis]) < 1e-8), `${found} ${expected}`);
    near(origin, mercator(51, 13.7));
    // A kilometre there, by the ellipsoid: 111 248.3 m a degree north, 70 197.7 m a degree east.
    near(north, mercator(51 + 1000 / 111_248.3, 13.7));
    near(east, mercator(51, 13.7 + 1000 / 70_197.7));
  }));

test("evidence_is_checked_shown_and_taken_away", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "en" }, async (page) => {
    await show(page, "evidence");
    const bundle = (name) => page.locator(`[data-bundle="${name}"]`);
    await bundle("2026-stage-red").locator("summary").click();
    await bundle("2026-stage-red").getByText("the seal of the key evidence holds").waitFor();
    await bundle("2026-stage-red").getByText("clip-cam-stage.mp4").waitFor();
    await bundle("2026-stairs-orange").locator("summary").click();
    await bundle("2026-stairs-orange").getByText("messages.jsonl was changed").waitFor();
    await picture(page, "evidence-opened");
    const [download] = await Promise.all([page.waitForEvent("download"), bundle("2026-stage-red").locator("a").click()]);
    assert.equal(readFileSync(await download.path()).length, 1024);
    await page.locator("[data-evidence=station]").getByText("keeps no evidence").waitFor();
  }));

test("what_programs_say_in_english_is_read_in_chinese", { timeout: 60_000 }, () =>
  withPage({ at: room.url, language: "zh" }, async (page, found) => {
    await show(page, "health");
    await page.getByText("10 秒没有数据包").first().waitFor();
    await page.getByText("square 要求使用 cuda:0，实际在 cpu 上计数").waitFor();
    await page.getByText("cuda:0 无法使用，改用 CPU 计数").waitFor();
    // The last administrator cannot be taken away: a refusal of the console, in the officer's language.
    const refused = await page.evaluate(async () => {
      const { me, remove } = await import("/app/api.js");
      Object.assign(me, await (await fetch("/api/v1/me")).json());
      return remove(`users/${me.user}`).then(() => "", (error) => error.message);
    });
    assert.equal(refused, "现在无法执行：这是唯一的管理员，请先添加另一位");
    found.errors = found.errors.filter((error) => !/status of 409/.test(error));
  }));

test("a_wall_shows_the_danger_and_what_is_unknown", { timeout: 60_000 }, () =>
  withPage({ at: room.url, size: SIZES.wall, language: "zh" }, async (page) => {
    await show(page, "situation");
    await page.locator(".strip .level-unknown").first().waitFor();
    await picture(page, "situation-wall-dark-zh");
    await show(page, "wall");
    const smooth = await page.locator(".view a").evaluateAll((links) => links.map((link) => [link.getAttribute("href"), link.rel]));
    assert.ok(smooth.some(([href, rel]) => href === "http://127.0.0.1:8889/square/cam-stage/" && rel.includes("noopener")), JSON.stringify(smooth));
    await picture(page, "wall-wall-dark-zh");
  }));

test("a_wall_of_many_cameras_leaves_connections_for_everything_else", { timeout: 60_000 }, () =>
  withPage({ at: room.url, size: SIZES.wall, language: "en" }, async (page) => {
    const asked = [];
    page.on("request", (request) => asked.push(new URL(request.url()).pathname));
    await show(page, "wall");
    // Each live camera is drawn anew again and again, by pictures that end, not by streams that hold a connection.
    const times = (camera) => asked.filter((path) => path === `/api/v1/cameras/square/${camera}/picture.jpg`).length;
    while (["cam-stage", "cam-square", "cam-stairs"].some((camera) => times(camera) < 3)) await page.waitForTimeout(50);
    assert.equal(asked.filter((path) => path.endsWith("stream.mjpg")).length, 0);
    assert.equal(times("cam-metro"), 0);
  }));

test("a_console_that_falls_silent_says_so_over_everything", { timeout: 90_000 }, async () => {
  const way = await line(room.url);
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
