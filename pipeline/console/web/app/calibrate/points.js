// Point pairs on still and ground, and what they make of the camera.

import { path, post } from "../api.js";
import { el, put } from "../dom.js";
import { num, t } from "../i18n.js";
import { nameOf } from "../live.js";
import { notice } from "../notices.js";

export function pointsTool(desk) {
  const { site_id, camera_id } = desk;
  const state = { image: [], ground: [], fit: null };
  const is_paired = () => state.image.length === state.ground.length;
  const pairs = () => state.ground.map((ground_m, index) => ({ image_px: state.image[index], ground_m }));
  let asked = 0;
  const changed = async () => {
    asked += 1;
    const mine = asked;
    state.fit = null;
    desk.redraw();
    if (state.ground.length < 4 || !is_paired()) return;
    const fit = await post(`calibrate/${path(site_id, camera_id)}/fit`, { points: pairs() }).catch((error) => { notice(error); return null; });
    // A point that was clicked meanwhile makes this answer one to another question.
    if (mine === asked) { state.fit = fit; desk.redraw(); }
  };
  const back = () => {
    if (is_paired()) state.ground.pop();
    state.image.pop();
    changed();
  };
  const draw = (node) => put(node, el("h2", {}, t("calibrate.points")),
    el("p", {}, t(is_paired() ? "calibrate.now-picture" : "calibrate.now-ground")),
    el("table", {}, el("thead", {}, el("tr", {}, ["number", "picture", "ground", "residual"].map((name) => el("th", {}, t(`calibrate.${name}`))))),
      el("tbody", {}, state.image.map((point, index) => el("tr", {}, el("td", {}, String(index + 1)), el("td", {}, point.map((px) => num(px, 0)).join(", ")),
        el("td", {}, state.ground[index]?.map((m) => num(m, 2)).join(", ") ?? "–"), el("td", { class: "num" }, state.fit ? `${num(state.fit.residuals_m[index], 2)} m` : "–"))))),
    state.fit ? [el("p", {}, el("strong", {}, t("calibrate.rms", { m: num(state.fit.rms_m, 2) }))), el("h3", {}, t("calibrate.trust")),
      el("div", { class: "bars" }, state.fit.zones.flatMap((zone) => [el("span", {}, nameOf(site_id, "zones", zone.zone)),
        el("div", { class: "bar" }, el("i", { style: { width: `${zone.trusted_share * 100}%` } })), el("span", {}, `${num(zone.trusted_share * 100, 0)} %`)]))] : null,
    el("div", { class: "row" }, el("button", { on: { click: back } }, t("calibrate.back")),
      el("button", { class: "primary", "data-act": "review", disabled: !state.fit, on: { click: () => desk.propose({ calibration: { camera: camera_id, points: pairs() } }) } }, t("calibrate.review"))));
  return {
    name: "points",
    draw,
    marks: () => ({ picture: { points: state.image, lines: state.fit?.grid_px }, ground: { points: state.ground } }),
    clickPicture: (px) => { if (is_paired()) { state.image.push(px); changed(); } },
    clickGround: (metres) => { if (!is_paired()) { state.ground.push(metres); changed(); } },
  };
}
