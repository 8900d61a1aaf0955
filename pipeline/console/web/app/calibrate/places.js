// Where cameras stand and loudspeakers hang: clicked on the ground, or entered.

import { el, put } from "../dom.js";
import { num, t } from "../i18n.js";

export function placesTool(desk) {
  /** What is placed, and where; no place: none is stated. */
  const state = { key: null, at: null };
  const things = () => [...desk.site().cameras.map((camera) => ["camera", camera]), ...desk.site().speakers.map((speaker) => ["speaker", speaker])];
  const keyOf = ([kind, thing]) => `${kind}/${thing.id}`;
  const chosen = () => things().find((one) => keyOf(one) === state.key) ?? things()[0];
  const take = (key) => {
    state.key = key;
    state.at = chosen()?.[1].position_in_ground_m?.slice() ?? null;
    desk.redraw();
  };
  const place = (position_in_ground_m) => {
    const [kind, thing] = chosen();
    desk.propose({ position: { kind, id: thing.id, position_in_ground_m } });
  };
  const draw = (node) => {
    const now = chosen();
    if (!now) { put(node, el("p", { class: "quiet" }, t("calibrate.nothing-to-place"))); return; }
    const choice = el("select", { "data-choice": "thing", on: { change: () => take(choice.value) } }, things().map((one) =>
      el("option", { value: keyOf(one), selected: keyOf(one) === keyOf(now) }, `${t(`layer.${one[0]}s`)} · ${one[1].name} · ${one[1].position_in_ground_m?.map((m) => num(m)).join(", ") ?? t("calibrate.no-place")}`)));
    const input = (axis) => el("input", { type: "number", step: "any", required: true, name: "xy"[axis], value: state.at ? Math.round(state.at[axis] * 1000) / 1000 : "", on: { input: (event) => {
      if (event.target.value === "") return;
      state.at = state.at ?? [0, 0];
      state.at[axis] = Number(event.target.value);
      desk.redrawSheets();
    } } });
    const submit = (event) => { event.preventDefault(); place(state.at); };
    put(node, el("h2", {}, t("calibrate.mode-places")), el("p", { class: "quiet" }, t("calibrate.places-what")),
      el("form", { class: "listed", on: { submit } }, el("label", {}, t("calibrate.thing"), choice),
        el("div", { class: "row" }, [0, 1].map((axis) => el("label", {}, `${"xy"[axis]}, m`, input(axis)))),
        el("div", { class: "row" }, el("button", { type: "submit", class: "primary", "data-act": "review" }, t("calibrate.review")),
          now[1].position_in_ground_m ? el("button", { type: "button", "data-act": "no-place", on: { click: () => place(null) } }, t("calibrate.place-out")) : null)));
  };
  return {
    name: "places",
    draw,
    enter: () => { if (things().length) take(keyOf(chosen())); },
    marks: () => ({ ground: { points: state.at ? [state.at] : [] } }),
    clickGround: (metres) => { state.at = metres; desk.redraw(); },
  };
}
