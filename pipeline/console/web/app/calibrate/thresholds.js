// The densities at which the levels of a zone begin, as its site file states them.

import { el, put } from "../dom.js";
import { t } from "../i18n.js";
import { LEVELS, badge } from "../level.js";

export function thresholdsTool(desk) {
  let chosen = null;
  const draw = (node) => {
    const zones = desk.site().zones;
    const zone = zones.find((known) => known.id === chosen) ?? zones[0];
    if (!zone) { put(node, el("p", { class: "quiet" }, t("calibrate.no-zone"))); return; }
    chosen = zone.id;
    const choice = el("select", { on: { change: () => { chosen = choice.value; draw(node); } } }, zones.map((one) => el("option", { value: one.id, selected: one.id === chosen }, one.name)));
    const inputs = LEVELS.slice(1).map((level) => [level, el("input", { type: "number", name: level, step: "any", min: 0, max: 20, required: true, value: zone.thresholds_people_per_m2?.[level] ?? "", "aria-label": t(`level.${level}`) })]);
    const submit = (event) => {
      event.preventDefault();
      desk.propose({ thresholds: { zone: chosen, people_per_m2: Object.fromEntries(inputs.map(([level, input]) => [level, Number(input.value)])) } });
    };
    put(node, el("h2", {}, t("calibrate.thresholds", { zone: zone.name })), el("p", { class: "quiet" }, t("calibrate.thresholds-what")),
      el("form", { class: "listed", on: { submit } }, el("label", {}, t("calibrate.zone"), choice), inputs.map(([level, input]) => el("label", { class: "row" }, badge(level), "≥", input, t("unit.density"))),
        el("button", { type: "submit", class: "primary", "data-act": "review" }, t("calibrate.review"))));
  };
  return { name: "thresholds", draw, marks: () => ({}) };
}
