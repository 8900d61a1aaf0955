// Whether the machine itself can be believed.

import { get } from "./api.js";
import { el, put } from "./dom.js";
import { clock, num, span, t, word } from "./i18n.js";
import { nameOf } from "./live.js";
import { shape } from "./level.js";
import { attempt } from "./notices.js";
import { said } from "./said.js";

export function health(page) {
  const draw = async () => {
    const now = await attempt(() => get("health"));
    if (!now || page.dataset.screen !== "health") return;
    const fact = (value, label) => el("div", { class: "fact" }, el("b", {}, value), el("span", {}, label));
    const good = (is, said) => el("span", { class: `badge level-${is ? "normal" : "unknown"}` }, shape(is ? "normal" : "unknown"), said);
    put(page, el("h1", {}, t("screen.health")),
      el("section", { class: "panel facts" },
        fact(now.console?.version ?? "–", t("health.version")), fact(clock(now.console?.started_at), t("health.started")), fact(num(now.console?.viewers, 0), t("health.viewers")),
        fact(num(now.console?.events_dropped, 0), t("health.dropped")), fact(now.disk?.free_bytes ? `${num(now.disk.free_bytes / 1e9, 1)} GB` : "–", t("health.disk")), fact(now.clock?.worst_behind_secs === null ? "–" : span(Math.abs(now.clock?.worst_behind_secs)), t("health.clock"))),
      el("section", { class: "panel scroll", tabindex: 0 }, el("h2", {}, t("health.cameras")), el("table", {}, el("thead", {}, el("tr", {}, ["camera", "state", "cause", "fps", "delay"].map((name) => el("th", {}, t(`health.${name}`))))),
        el("tbody", {}, (now.cameras ?? []).map((one) => el("tr", {}, el("td", {}, nameOf(one.site, "cameras", one.id)), el("td", {}, good(one.up, word("camera", one.state))), el("td", {}, said(one.cause)), el("td", { class: "num" }, num(one.decoded_fps)), el("td", { class: "num" }, span(one.clock_behind_secs))))))),
      el("div", { class: "columns" },
        el("section", { class: "panel" }, el("h2", {}, t("health.bus")), (now.bus?.nodes ?? []).map((one) => el("p", {}, good(one.alive, t(one.alive ? "health.up" : "health.gone")), ` ${one.site} / ${one.id}`)), (now.bus?.problems ?? []).map((one) => el("p", { class: "problem" }, said(one)))),
        el("section", { class: "panel" }, el("h2", {}, t("health.models")), (now.models ?? []).map((one) => el("p", {}, one.name, " ", el("code", { class: "quiet" }, one.sha256.slice(0, 12)))), (now.counted_on ?? []).map((one) => el("p", { class: one.fallback ? "problem" : "quiet" }, countedOn(one))))));
  };
  draw();
  const timer = setInterval(draw, 5000);
  return () => clearInterval(timer);
}

/** Where a site counts, and why not where it was asked to. */
function countedOn({ site, devices, asked, fallback }) {
  const fills = { site, devices: devices.join(", "), asked: asked.join(", "), reason: said(fallback) };
  return t(fallback ? "health.counts_although" : "health.counts", fills);
}
