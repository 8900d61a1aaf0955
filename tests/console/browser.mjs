// A browser that watches: any error in its console and any request that leaves the host fails the test.

import assert from "node:assert/strict";
import { connect, createServer } from "node:net";
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { createRequire } from "node:module";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const pictures = join(process.env.CARGO_TARGET_DIR ?? new URL("../../target", import.meta.url).pathname, "console-screenshots");
const FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update", "--disable-sync"];
export const SIZES = { wall: { width: 1920, height: 1080 }, laptop: { width: 1366, height: 768 }, phone: { width: 390, height: 844 } };
export const SCREENS = ["situation", "wall", "alarms", "alarms/performance", "speakers", "history", "report", "health", "drill", "calibrate", "calibrate/square", "accounts", "audit", "evidence"];

/** Runs `test(page, found)` with a page of its own on the console at `at`, logged in; `found` collects errors and foreign requests. */
export async function withPage({ size = SIZES.laptop, language = "en", theme = "dark", at, user = "demo", password = "demo" }, test) {
  mkdirSync(pictures, { recursive: true });
  const folder = mkdtempSync(join(tmpdir(), "throng-browser-"));
  const context = await chromium.launchPersistentContext(folder, { executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium", headless: true, args: FLAGS, viewport: size, colorScheme: theme, ignoreHTTPSErrors: true });
  const found = { errors: [], foreign: [] };
  try {
    await context.addInitScript(([wanted, worn]) => {
      localStorage.setItem("language", localStorage.getItem("language") ?? wanted);
      localStorage.setItem("theme", localStorage.getItem("theme") ?? worn);
    }, [language, theme]);
    const page = await context.newPage();
    page.setDefaultTimeout(20_000);
    page.on("pageerror", (error) => found.errors.push(error.message));
    // A console without history answers 404, and so does one without a field, and a site without evidence 409: a browser
    // writes that down as an error.
    page.on("console", (message) => { if (message.type() === "error" && !/status of (404|409)/.test(message.text())) found.errors.push(message.text()); });
    page.on("request", (request) => { if (!/^(data|blob):/.test(request.url()) && new URL(request.url()).host !== new URL(at).host) found.foreign.push(request.url()); });
    await page.goto(`${at}/login`);
    await page.locator("[name=user]").fill(user);
    await page.locator("[name=password]").fill(password);
    await page.locator("[type=submit]").click();
    await page.locator("#page[data-screen]").waitFor();
    if (await page.evaluate(() => document.documentElement.lang) !== language) await page.locator("#language").click();
    await page.waitForFunction((wanted) => document.documentElement.lang === wanted, language);
    await test(page, found).catch(async (error) => {
      // What the page said at that moment is worth more than the line that waited.
      await picture(page, "failed").catch(() => {});
      const said = await page.locator(".notice").allInnerTexts().catch(() => []);
      throw new Error(`${error.message}\nthe page said: ${JSON.stringify(said)}`, { cause: error });
    });
    assert.deepEqual(found, { errors: [], foreign: [] });
  } finally {
    await context.close();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Shows a screen and waits until it has drawn what it knows. */
export async function show(page, screen) {
  await page.evaluate((to) => { location.hash = `#/${to}`; }, screen);
  await page.locator("#page h1").first().waitFor();
  // A picture of a live camera is there once its first part has come.
  if (screen === "wall") await page.waitForFunction(() => [...document.querySelectorAll(".view:not(.bad) img[src]")].some((image) => image.naturalWidth > 0));
  if (screen === "situation") await page.locator(".strip a").first().waitFor();
}

const axe = readFileSync(createRequire(import.meta.url).resolve("axe-core/axe.min.js"), "utf8");
/** What keeps people from using the page as it is now, as axe-core finds it: serious and critical faults. */
export async function faults(page) {
  await page.evaluate(axe);
  const { violations } = await page.evaluate(() => globalThis.axe.run());
  return violations.filter(({ impact }) => ["serious", "critical"].includes(impact)).map(({ id, nodes }) => [id, nodes.slice(0, 3).map((node) => node.html.slice(0, 160))]);
}

export const picture = (page, name) => page.screenshot({ path: join(pictures, `${name.replaceAll("/", "-")}.png`) });

/** A zone that the room knows. */
export const someZone = (page) => page.evaluate(async () => {
  const room = await (await fetch("/api/v1/room")).json();
  const zone = room.zones.find((one) => one.level) ?? room.zones[0];
  return `zone/${encodeURIComponent(zone.site)}/${encodeURIComponent(zone.id)}`;
});

/** A way to the console at `url` that can fall silent without hanging up, as a network does. */
export async function line(url) {
  const { hostname, port } = new URL(url);
  const open = new Set();
  let is_silent = false;
  const server = createServer((near) => {
    const far = connect(Number(port), hostname);
    for (const socket of [near, far]) {
      open.add(socket);
      socket.on("error", () => {}).on("close", () => { open.delete(socket); near.destroy(); far.destroy(); });
    }
    near.on("data", (bytes) => { if (!is_silent) far.write(bytes); });
    far.on("data", (bytes) => { if (!is_silent) near.write(bytes); });
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const restore = () => {
    is_silent = false;
    for (const socket of open) socket.destroy();
  };
  return { at: `http://127.0.0.1:${server.address().port}`, silence: () => { is_silent = true; }, restore, close: () => { restore(); server.close(); } };
}
