// Zones are drawn on the still or on the ground, or entered by their corners; and taken out, with what goes with them.

import { get, path, post } from "../api.js";
import { el, put } from "../dom.js";
import { num, t, word } from "../i18n.js";
import { LEVELS } from "../level.js";
import { openAlarms } from "../live.js";
import { notice } from "../notices.js";

const RINGS = ["core", "district", "periphery"];
const closed = (outline) => (outline.length > 1 ? [...outline, outline[0]] : []);
const thousandth = (metres) => Math.round(metres * 1000) / 1000;

export function zonesTool(desk) {
  const { site_id, camera_id } = desk;
  const address = camera_id ? `calibrate/${path(site_id, camera_id)}/project` : null;
  /** The zone that is worked on; none: a new one, with its `fields`. */
  const state = { zone: null, outline: [], fields: {}, profiles: {}, seen: null };
  const zones = () => desk.site().zones;
  const freeId = () => {
    let number = zones().length + 1;
    while (zones().some((zone) => zone.id === `zone-${number}`)) number += 1;
    return `zone-${number}`;
  };
  const begin = (id) => {
    const zone = zones().find((known) => known.id === id);
    Object.assign(state, { zone: zone?.id ?? null, outline: (zone?.outline_in_ground_m ?? []).map((corner) => [...corner]), fields: zone ? {} : { id: freeId(), name: "", profile: "street_flat", capacity_people: "", ring: "" } });
    look();
    desk.redraw();
  };

  let asked = 0;
  /** Where all outlines lie in the still: those that it shows whole. */
  const look = async () => {
    if (!address) return;
    asked += 1;
    const mine = asked;
    const outlines = [state.outline, ...zones().filter((zone) => zone.id !== state.zone).map((zone) => zone.outline_in_ground_m)];
    const seen = await post(address, { ground_m: outlines.flat() }).catch(() => null);
    if (mine !== asked) return;
    let from = 0;
    state.seen = seen && outlines.map((outline) => seen.image_px.slice(from, from += outline.length));
    desk.redrawSheets();
  };
  const outlined = () => { look(); desk.redraw(); };

  // One click after another, in the order in which they came.
  let pending = Promise.resolve();
  const clickPicture = (px) => {
    pending = pending.then(async () => {
      const found = await post(address, { image_px: [px] }).catch((error) => { notice(error); return null; });
      const metres = found?.ground_m[0];
      if (metres) { state.outline.push(metres); outlined(); }
      else if (found) notice(t("calibrate.beyond-horizon"));
    });
  };

  const cornerRow = (corner, index) => {
    const input = (axis) => el("input", { type: "number", step: "any", value: thousandth(corner[axis]), "aria-label": t("calibrate.corner", { n: index + 1, axis: "xy"[axis] }), on: { input: (event) => {
      if (event.target.value === "") return;
      corner[axis] = Number(event.target.value);
      look();
      desk.redrawSheets();
    } } });
    return el("tr", {}, el("td", {}, String(index + 1)), el("td", {}, input(0)), el("td", {}, input(1)),
      el("td", {}, el("button", { "aria-label": t("calibrate.corner-out", { n: index + 1 }), on: { click: () => { state.outline.splice(index, 1); outlined(); } } }, "×")));
  };
  const addCorner = () => {
    const [x, y] = state.outline.at(-1) ?? zones()[0]?.outline_in_ground_m[0] ?? [0, 0];
    state.outline.push([x + 1, y]);
    outlined();
  };

  const field = (name, options, attributes = {}) => {
    const kept = { name, required: true, ...attributes, on: { input: (event) => { state.fields[name] = event.target.value; } } };
    const input = options ? el("select", kept, options.map(([value, label]) => el("option", { value }, label))) : el("input", kept);
    input.value = state.fields[name];
    return el("label", {}, t(`calibrate.zone-${name}`), input);
  };
  const profileLabel = ([id, levels]) => [id, `${word("profile", id)} (${LEVELS.slice(1).map((level) => num(levels[level])).join(" / ")} ${t("unit.density")})`];
  const newFields = () => [
    field("name", null, { maxlength: 100 }),
    field("id", null, { pattern: "[a-z0-9][a-z0-9_\\-]{0,62}", title: t("calibrate.zone-id-what") }),
    field("profile", Object.entries(state.profiles).map(profileLabel)),
    field("capacity_people", null, { type: "number", min: 1, max: 10_000_000, step: 1 }),
    field("ring", [["", t("none")], ...RINGS.map((ring) => [ring, t(`ring.${ring}`)])], { required: false }),
  ];
  const change = () => {
    const outline_in_ground_m = state.outline;
    if (state.zone) return { zones: { zones: [{ id: state.zone, outline_in_ground_m }] } };
    const { id, name, profile, capacity_people, ring } = state.fields;
    return { new_zone: { id, name, outline_in_ground_m, profile, capacity_people: Number(capacity_people), ring: ring || null } };
  };
  const takeOut = () => {
    const zone = zones().find((known) => known.id === state.zone);
    const alarms = openAlarms().filter((alarm) => alarm.site === site_id && alarm.zone === zone.id).length;
    const goes = [t("calibrate.goes-zone", { zone: zone.name }), alarms ? t("calibrate.goes-alarms", { n: alarms }) : t("calibrate.goes-no-alarm"), t("calibrate.goes-incident"), t("calibrate.goes-history")];
    desk.propose({ removed_zone: { zone: zone.id } }, { goes, confirm: t("calibrate.take-out", { zone: zone.name }) });
  };

  const draw = (node) => {
    const choice = el("select", { "data-choice": "zone", on: { change: () => begin(choice.value) } }, el("option", { value: "" }, t("calibrate.zone-new")), zones().map((zone) => el("option", { value: zone.id, selected: zone.id === state.zone }, zone.name)));
    const submit = (event) => {
      event.preventDefault();
      if (state.outline.length < 3) { notice(t("calibrate.three-corners")); return; }
      desk.propose(change());
    };
    put(node, el("h2", {}, t("calibrate.mode-zone")), el("p", { class: "quiet" }, t(camera_id ? "calibrate.zone-what-still" : "calibrate.zone-what")),
      el("form", { class: "listed", on: { submit } }, el("label", {}, t("calibrate.zone"), choice), state.zone ? null : newFields(),
        el("table", { class: "corners" }, el("thead", {}, el("tr", {}, el("th", {}, t("calibrate.number")), el("th", {}, "x, m"), el("th", {}, "y, m"), el("th", {}, el("span", { class: "quiet" }, "")))), el("tbody", {}, state.outline.map(cornerRow))),
        el("div", { class: "row" }, el("button", { type: "button", "data-act": "corner", on: { click: addCorner } }, t("calibrate.corner-add")),
          el("button", { type: "button", disabled: !state.outline.length, on: { click: () => { state.outline.pop(); outlined(); } } }, t("calibrate.back")),
          el("button", { type: "button", disabled: !state.outline.length, on: { click: () => { state.outline = []; outlined(); } } }, t("calibrate.anew"))),
        el("div", { class: "row" }, el("button", { type: "submit", class: "primary", "data-act": "review" }, t("calibrate.review")),
          state.zone ? el("button", { type: "button", "data-act": "take-out", on: { click: takeOut } }, t("calibrate.take-out-ask")) : null)));
  };
  return {
    name: "zone",
    draw,
    enter: () => {
      get(`sites/${path(site_id)}/profiles`).then((profiles) => { state.profiles = profiles; desk.redraw(); }).catch(notice);
      // What was drawn stays, unless it has become a zone of the site, or its zone has gone.
      const is_known = (id) => zones().some((zone) => zone.id === id);
      if (state.zone ? !is_known(state.zone) : !state.fields.id || is_known(state.fields.id)) begin(null);
      else look();
    },
    marks: () => ({
      picture: { points: (state.seen?.[0] ?? []).filter(Boolean), lines: (state.seen ?? []).filter((outline) => outline.every(Boolean)).map(closed) },
      ground: { points: state.outline, lines: [closed(state.outline)] },
    }),
    clickPicture,
    clickGround: (metres) => { state.outline.push(metres); outlined(); },
  };
}
