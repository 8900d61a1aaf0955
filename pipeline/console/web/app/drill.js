// Exercises: a simulated crush in the live graph, marked as a drill from end to end.

import { get, path, post } from "./api.js";
import { el, put } from "./dom.js";
import { t } from "./i18n.js";
import { room } from "./live.js";
import { attempt, question } from "./notices.js";

export function drill(page) {
  const draw = async () => {
    const sites = await Promise.all([...room.sites.values()].map(async (site) => [site, await get(`drills/${path(site.id)}`).catch((error) => ({ error: error.message }))]));
    if (page.dataset.screen !== "drill") return;
    put(page, el("h1", {}, t("screen.drill")), el("p", { class: "quiet" }, t("drill.what")), el("div", { class: "cards" }, sites.map(([site, report]) => {
      const start = async () => {
        const options = (report.scenarios ?? []).map((one) => [one.id ?? one, one.name ?? one.id ?? one]);
        const answer = await question(t("drill.start"), [options.length ? { name: "scenario", label: t("drill.scenario"), options } : { name: "scenario", label: t("drill.scenario") }], t("drill.start"), true);
        if (answer) { await attempt(() => post(`drills/${path(site.id)}`, answer), t("done")); draw(); }
      };
      return el("section", { class: "panel listed" }, el("h2", {}, site.name ?? site.id),
        report.error ? el("p", { class: "quiet" }, report.error) : el("div", { class: "row" }, el("button", { class: "primary", on: { click: start } }, t("drill.start")), el("button", { class: "danger", on: { click: async () => { await attempt(() => post(`drills/${path(site.id)}/stop`), t("done")); draw(); } } }, t("drill.stop"))),
        report.error ? null : el("pre", { tabindex: 0 }, JSON.stringify(report, null, 1)));
    })));
  };
  const timer = setInterval(draw, 5000);
  draw();
  return () => clearInterval(timer);
}
