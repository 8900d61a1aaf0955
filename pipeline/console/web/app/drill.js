// Exercises: a simulated crush beside the real site, marked as a drill from end to end, and how soon machine and people answered.

import { get, path, post } from "./api.js";
import { el, put } from "./dom.js";
import { clock, num, t, word } from "./i18n.js";
import { LEVELS } from "./level.js";
import { room } from "./live.js";
import { attempt, question } from "./notices.js";
import { said } from "./said.js";
import { table } from "./table.js";

const WARNED = LEVELS.slice(1);
const STEPS = ["raised", "acknowledged", "assigned", "on_the_way", "arrived", "measures_taken", "closed"];
/** An exercise is a site of its own, and none is held in it. */
const real = () => [...room.sites.values()].filter((site) => !site.id.endsWith("--drill"));
const secs = (value) => el("td", { class: value === null || value === undefined ? "none" : "" }, num(value, 0));

export function drill(page) {
  const draw = async () => {
    const sites = await Promise.all(real().map(async (site) => [site, await get(`drills/${path(site.id)}`).catch((error) => ({ error: error.message }))]));
    if (page.dataset.screen !== "drill") return;
    put(page, el("h1", {}, t("screen.drill")), el("p", { class: "quiet" }, t("drill.what")), sites.map(([site, report]) => {
      const start = async () => {
        const options = report.scenarios.map((one) => [one.id, one.name]);
        const answer = await question(t("drill.start"), [{ name: "scenario", label: t("drill.scenario"), options }], t("drill.start"), true);
        if (answer) { await attempt(() => post(`drills/${path(site.id)}`, answer), t("done")); draw(); }
      };
      const stop = async () => { await attempt(() => post(`drills/${path(site.id)}/stop`), t("done")); draw(); };
      const control = report.running_since
        ? el("button", { class: "danger", on: { click: stop } }, t("drill.stop"))
        : el("button", { class: "primary", on: { click: start } }, t("drill.start"));
      return el("section", { class: "panel listed" }, el("h2", {}, site.name ?? site.id),
        report.error ? el("p", { class: "quiet" }, said(report.error)) : [el("div", { class: "row" }, control), courseOf(report.report, report.people)]);
    }));
  };
  const timer = setInterval(draw, 5000);
  draw();
  return () => clearInterval(timer);
}

/** How an exercise went, in seconds after its beginning; a dash for what did not happen. */
function courseOf(course, people) {
  if (!course) return el("p", { class: "quiet" }, t("drill.none"));
  const nameOf = (id) => course.zones.find((zone) => zone.zone === id)?.name ?? id;
  return [
    el("p", {}, el("strong", {}, course.title), ` · ${course.by} · ${clock(course.started_at)} – ${course.ended_at ? `${clock(course.ended_at)} (${said(course.ended_because)})` : t("drill.running")}`),
    el("p", {}, t("drill.danger", { onset: num(course.onset_secs, 0), harm: num(course.harm_secs, 0) })),
    el("h3", {}, t("drill.machine")),
    table([...WARNED.map((level) => t(`level.${level}`)), t("drill.densest")],
      course.zones.map((zone) => [zone.name, [...WARNED.map((level) => secs(zone[`${level}_secs`])), el("td", {}, num(zone.density_max_people_per_m2))]])),
    el("h3", {}, t("drill.people")),
    people.length ? table(STEPS.map((step) => word("stage", step)), people.map((alarm) => [nameOf(alarm.zone), STEPS.map((step) => secs(alarm[`${step}_secs`]))])) : el("p", { class: "quiet" }, t("none")),
  ];
}
