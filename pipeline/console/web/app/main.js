// The frame around all screens: who is logged in, which screen, the languages, the alarm sound, the lost connection.

import { get, may, me, post, put as write } from "./api.js";
import { el, put, redraw } from "./dom.js";
import { age, link, openAlarms, levelOf, start, watch } from "./live.js";
import { current, first, span, speak, t } from "./i18n.js";
import { shape } from "./level.js";
import { notice, shortcutsDialog } from "./notices.js";
import { SCREENS, follow, screenName } from "./router.js";
import * as sounds from "./sounds.js";
import { theme, wear } from "./theme.js";

const bar = document.getElementById("bar");
const lost = document.getElementById("lost");

function drawBar() {
  const alarms = openAlarms();
  const unanswered = alarms.filter((alarm) => alarm.stage === "raised").length;
  const worst = alarms[0] ? levelOf(alarms[0]) : "normal";
  const key = [current(), theme(), sounds.isMuted(), screenName(), alarms.length, unanswered, worst, me.name];
  document.title = (unanswered ? `(${unanswered}) ` : "") + t(`screen.${screenName()}`) + " · throng";
  redraw(bar, key, () => {
    const nav = el("nav", { "aria-label": t("bar.screens"), id: "nav" },
      SCREENS.filter((screen) => screen.listed && may(screen.role)).map((screen) =>
        el("a", { href: `#/${screen.name}`, "aria-current": screen.name === screenName() ? "page" : null, on: { click: () => nav.classList.remove("open") } },
          t(`screen.${screen.name}`), screen.name === "alarms" && alarms.length ? ` ${alarms.length}` : "")));
    return [
      el("a", { class: "name", href: "#/situation", style: { color: "inherit", "text-decoration": "none" } }, shape(worst), t("app.name")),
      nav,
      el("div", { class: "tools" },
        el("button", { id: "menu", on: { click: () => nav.classList.toggle("open") } }, t("bar.menu")),
        el("button", { "aria-pressed": String(sounds.isMuted()), title: t("bar.sound.why"), on: { click: () => { sounds.unlock(); sounds.mute(!sounds.isMuted()); drawBar(); } } }, t(sounds.isMuted() ? "bar.muted" : "bar.sound")),
        el("button", { title: t("bar.theme"), on: { click: () => { wear(theme() === "dark" ? "light" : "dark"); write("me", { theme: theme() }).catch(() => {}); follow(true); drawBar(); } } }, t(`theme.${theme() === "dark" ? "light" : "dark"}`)),
        el("button", { id: "language", on: { click: otherLanguage } }, t("language.other")),
        el("button", { class: "optional", title: t("bar.shortcuts"), on: { click: shortcutsDialog } }, "?"),
        el("button", { title: me.name, on: { click: async () => { await post("logout").catch(() => {}); location.href = "/login"; } } }, t("bar.leave")),
      ),
    ];
  });
}

async function otherLanguage() {
  await speak(current() === "zh" ? "en" : "zh");
  write("me", { language: current() }).catch(() => {});
  drawBar();
  follow(true);
}

let was_ok = true;
function drawLost() {
  const waited = (Date.now() - link.since_ms) / 1000;
  lost.hidden = link.ok || waited < 1.5;
  if (!lost.hidden) put(lost, t("lost.title"), el("small", {}, t("lost.what", { age: span((Date.now() - (link.heard_ms || link.since_ms)) / 1000) })));
  if (was_ok && !link.ok) sounds.lost();
  was_ok = link.ok;
}

/** Keys go to the screens in the order of the bar. */
function pressed(event) {
  sounds.unlock();
  if (event.ctrlKey || event.metaKey || event.altKey || /^(INPUT|TEXTAREA|SELECT)$/.test(event.target.tagName) || document.querySelector("dialog[open]")) return;
  const screen = SCREENS.find((known) => known.key === event.key);
  if (event.key === "?") shortcutsDialog();
  else if (event.key === "m") { sounds.mute(!sounds.isMuted()); drawBar(); }
  else if (event.key === "a") {
    const alarm = openAlarms().find((open) => open.stage === "raised");
    if (alarm && may("operator")) post(`alarms/${encodeURIComponent(alarm.site)}/${encodeURIComponent(alarm.incident)}/acknowledge`, {}).catch(notice);
  } else if (screen && may(screen.role)) location.hash = `#/${screen.name}`;
}

wear();
await speak(first());
try {
  Object.assign(me, await get("me"));
  if (me.language && me.language !== current()) await speak(me.language);
  start();
  watch(() => { drawBar(); drawLost(); sounds.sound(openAlarms()); });
  addEventListener("hashchange", () => { follow(); drawBar(); });
  addEventListener("keydown", pressed);
  addEventListener("pointerdown", sounds.unlock);
  drawBar();
  follow();
} catch (error) {
  if (error.status !== 401) notice(error);
}
