// What is drawn by its corners, a zone or a line: on the still, on the ground, or entered; changed, and taken out.

import { path, post } from "../api.js";
import { el, put } from "../dom.js";
import { t } from "../i18n.js";
import { notice } from "../notices.js";

/** Places that the console finds in the still at once; of what is beyond, the ground shows where it lies. */
const PLACES_MAX = 500;
const thousandth = (metres) => Math.round(metres * 1000) / 1000;
/** The stroke around an area. */
export const closed = (outline) => (outline.length > 1 ? [...outline, outline[0]] : []);

/**
 * A tool for one kind of thing, which says:
 * - `name`, of its mode and its texts; `least`: corners that it needs;
 * - `things()` that there are, and `cornersOf(thing)`, metres;
 * - `outline(corners)`: the stroke through them; `crossing(corners, fields)`: an arrow and its words across it, if any;
 * - `blank(thing)`: values of its fields beside id and name, without a thing those of a new one; `inputs(field, thing)`: which of
 *   them the form shows;
 * - `change(id, corners, fields)`: the change of the site file, without an id of a new one;
 * - `takeOut(thing, fields)`: the change that takes it out, and what is lost by it;
 * - `enter(redraw)`, if it has something to fetch.
 */
export function cornersTool(desk, kind) {
  const { site_id, camera_id } = desk;
  const address = camera_id ? `calibrate/${path(site_id, camera_id)}/project` : null;
  const text = (key, fills) => t(`calibrate.${kind.name}-${key}`, fills);
  /** What is worked on; no `id`: a new one. `seen`: where it lies in the still. */
  const state = { id: null, corners: [], fields: {}, seen: null };
  const find = (id) => kind.things().find((known) => known.id === id);
  const freeId = () => {
    let number = kind.things().length + 1;
    while (find(`${kind.name}-${number}`)) number += 1;
    return `${kind.name}-${number}`;
  };
  const begin = (id) => {
    const thing = find(id);
    const fields = { name: thing?.name ?? "", id: thing ? null : freeId(), ...kind.blank(thing) };
    Object.assign(state, { id: thing?.id ?? null, corners: thing ? kind.cornersOf(thing).map((corner) => [...corner]) : [], fields });
    outlined();
  };
  /** What is drawn of it, metres. */
  const drawn = () => {
    const across = kind.crossing?.(state.corners, state.fields);
    return { lines: [kind.outline(state.corners), ...(across?.strokes ?? [])], words: across ? [[t("line.in"), across.in], [t("line.out"), across.out]] : [] };
  };

  let asked = 0;
  /** Where it and all else that is watched lie in the still. */
  const look = async () => {
    if (!address) return;
    asked += 1;
    const mine = asked;
    const { lines, words } = drawn();
    let room = PLACES_MAX - state.corners.length - words.length - lines.flat().length;
    const { zones, lines: known } = desk.site();
    const all = [...zones.map((zone) => ["zone", zone.id, closed(zone.outline_in_ground_m)]), ...known.map((line) => ["line", line.id, line.points_in_ground_m])];
    const others = all.filter(([name, id]) => name !== kind.name || id !== state.id).map(([, , stroke]) => stroke);
    const strokes = [...lines, ...others.filter((line) => (room -= line.length) >= 0)];
    const found = await post(address, { ground_m: [...state.corners, ...words.map(([, at]) => at), ...strokes.flat()] }).catch(() => null);
    if (mine !== asked) return;
    const take = (count) => found.image_px.splice(0, count);
    // What the still shows only part of is not drawn on it.
    state.seen = found && { points: take(state.corners.length).filter(Boolean), words: words.map(([word]) => [word, take(1)[0]]).filter(([, at]) => at), lines: strokes.map((line) => take(line.length)).filter((line) => line.every(Boolean)) };
    desk.redrawSheets();
  };
  const moved = () => { look(); desk.redrawSheets(); };
  const outlined = () => { look(); desk.redraw(); };

  // One click after another, in the order in which they came.
  let pending = Promise.resolve();
  const clickPicture = (px) => {
    pending = pending.then(async () => {
      const found = await post(address, { image_px: [px] }).catch((error) => { notice(error); return null; });
      const metres = found?.ground_m[0];
      if (metres) { state.corners.push(metres); outlined(); }
      else if (found) notice(t("calibrate.beyond-horizon"));
    });
  };

  const cornerRow = (corner, index) => {
    const input = (axis) => el("input", { type: "number", step: "any", value: thousandth(corner[axis]), "aria-label": text("corner", { n: index + 1, axis: "xy"[axis] }), on: { input: (event) => {
      if (event.target.value === "") return;
      corner[axis] = Number(event.target.value);
      moved();
    } } });
    return el("tr", {}, el("td", {}, String(index + 1)), el("td", {}, input(0)), el("td", {}, input(1)),
      el("td", {}, el("button", { type: "button", "aria-label": text("corner-out", { n: index + 1 }), on: { click: () => { state.corners.splice(index, 1); outlined(); } } }, "×")));
  };
  const addCorner = () => {
    const [x, y] = state.corners.at(-1) ?? desk.site().zones[0]?.outline_in_ground_m[0] ?? [0, 0];
    state.corners.push([x + 1, y]);
    outlined();
  };
  /** A value to be entered, or chosen from `options`. */
  const field = (name, label, options, attributes = {}) => {
    const kept = { name, required: true, ...attributes, on: { input: (event) => { state.fields[name] = event.target.value; if (options) moved(); } } };
    const input = options ? el("select", kept, options.map(([value, label]) => el("option", { value }, label))) : el("input", kept);
    input.value = state.fields[name];
    return el("label", {}, label, input);
  };
  const takeOut = () => {
    const thing = find(state.id);
    const { change, goes } = kind.takeOut(thing, state.fields);
    desk.propose(change, { goes, confirm: t("calibrate.take-out", { name: thing.name }) });
  };

  const draw = (node) => {
    const choice = el("select", { "data-choice": kind.name, on: { change: () => begin(choice.value) } }, el("option", { value: "" }, text("new")), kind.things().map((thing) => el("option", { value: thing.id, selected: thing.id === state.id }, thing.name)));
    const submit = (event) => {
      event.preventDefault();
      if (state.corners.length < kind.least) { notice(text("too-few")); return; }
      // A name that stays is not written into a file that does not state it.
      const name = state.fields.name === find(state.id)?.name ? null : state.fields.name;
      desk.propose(kind.change(state.id, state.corners, { ...state.fields, name }));
    };
    put(node, el("h2", {}, t(`calibrate.mode-${kind.name}`)), el("p", { class: "quiet" }, text(camera_id ? "what-still" : "what")),
      el("form", { class: "listed", on: { submit } }, el("label", {}, t(`calibrate.${kind.name}`), choice),
        field("name", t("calibrate.name"), null, { maxlength: 100 }),
        state.id ? null : field("id", t("calibrate.id"), null, { pattern: "[a-z0-9][a-z0-9_\\-]{0,62}", title: t("calibrate.id-what") }),
        kind.inputs(field, find(state.id)),
        el("table", { class: "corners" }, el("thead", {}, el("tr", {}, el("th", {}, t("calibrate.number")), el("th", {}, "x, m"), el("th", {}, "y, m"), el("th", {}, el("span", { class: "quiet" }, "")))), el("tbody", {}, state.corners.map(cornerRow))),
        el("div", { class: "row" }, el("button", { type: "button", "data-act": "corner", on: { click: addCorner } }, text("corner-add")),
          el("button", { type: "button", disabled: !state.corners.length, on: { click: () => { state.corners.pop(); outlined(); } } }, t("calibrate.back")),
          el("button", { type: "button", disabled: !state.corners.length, on: { click: () => { state.corners = []; outlined(); } } }, t("calibrate.anew"))),
        el("div", { class: "row" }, el("button", { type: "submit", class: "primary", "data-act": "review" }, t("calibrate.review")),
          state.id ? el("button", { type: "button", "data-act": "take-out", on: { click: takeOut } }, text("take-out")) : null)));
  };
  return {
    name: kind.name,
    draw,
    enter: () => {
      kind.enter?.(desk.redraw);
      // What was drawn stays, unless it has become a thing of the site, or is one no longer.
      if (state.id ? !find(state.id) : !state.fields.id || find(state.fields.id)) begin(null);
      else look();
    },
    marks: () => ({ picture: state.seen, ground: { points: state.corners, ...drawn() } }),
    clickPicture,
    clickGround: (metres) => { state.corners.push(metres); outlined(); },
  };
}
