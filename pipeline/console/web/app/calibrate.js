// Where a camera's picture lies on the ground, and what the site watches where: each change is looked at before it is made.

import { path } from "./api.js";
import { linesTool } from "./calibrate/lines.js";
import { placesTool } from "./calibrate/places.js";
import { pointsTool } from "./calibrate/points.js";
import { reviewing } from "./calibrate/review.js";
import { thresholdsTool } from "./calibrate/thresholds.js";
import { zonesTool } from "./calibrate/zones.js";
import { el, put } from "./dom.js";
import { groundSheet } from "./ground.js";
import { t } from "./i18n.js";
import { nameOf, room, watch } from "./live.js";
import { Sheet } from "./sheet.js";

/** The desk of a site: on its map alone, or with the still of a camera beside it. */
export function calibrate(page, site_id, camera_id) {
  if (!site_id) return choose(page);
  const sheets = el("div", { class: "columns" });
  const panel = el("section", { class: "panel" });
  const review = reviewing(site_id);
  const still = new Image();
  let ground = null;
  let picture = null;
  let drawn = "";
  let seen = null;

  /** What the tools work with. A tool has a name, `draw(node)` for its form, `marks()` for both sheets, and takes clicks. */
  const desk = { site_id, camera_id, site: () => room.sites.get(site_id), propose: review.propose };
  desk.redrawSheets = () => {
    const marks = tool.marks();
    for (const [sheet, seen] of [[picture, marks.picture], [ground?.sheet, marks.ground]]) {
      if (!sheet) continue;
      const px = sheet === picture ? (point) => point : ground.px;
      sheet.points = (seen?.points ?? []).map(px);
      sheet.lines = (seen?.lines ?? []).map((line) => line.map(px));
      sheet.words = (seen?.words ?? []).map(([word, at]) => [word, px(at)]);
      sheet.draw();
    }
  };
  desk.redraw = () => {
    if (!ground) return;
    desk.redrawSheets();
    tool.draw(panel);
  };
  const tools = [camera_id ? pointsTool(desk) : null, zonesTool(desk), linesTool(desk), placesTool(desk), thresholdsTool(desk)].filter(Boolean);
  let tool = tools[0];
  const modes = tools.map((one) => el("button", { "aria-pressed": String(one === tool), "data-mode": one.name, on: { click: (event) => {
    tool = one;
    for (const button of modes) button.setAttribute("aria-pressed", String(button === event.currentTarget));
    tool.enter?.();
    desk.redraw();
  } } }, t(`calibrate.mode-${one.name}`)));
  const title = camera_id ? t("calibrate.title", { camera: nameOf(site_id, "cameras", camera_id) }) : t("calibrate.title-site", { site: room.sites.get(site_id)?.name ?? site_id });
  put(page, el("div", { class: "head" }, el("h1", {}, title), el("div", { class: "row" }, modes, el("a", { class: "button", href: "#/calibrate" }, t("dialog.back")))),
    sheets, el("div", { class: "columns" }, panel, review.node), review.past);

  const draw = () => {
    const site = desk.site();
    if (!site || site === seen || (camera_id && !still.naturalWidth)) return;
    seen = site;
    // A site is told again when a process of it comes or goes; only what is drawn matters here.
    const now = JSON.stringify([site.zones, site.lines, site.cameras, site.speakers, site.plan]);
    if (drawn === now) return;
    drawn = now;
    ground = groundSheet(site, (metres) => tool.clickGround?.(metres));
    if (camera_id) picture ??= new Sheet(still.naturalWidth, still.naturalHeight, t("calibrate.picture"), (context) => context.drawImage(still, 0, 0), (px) => tool.clickPicture?.(px));
    put(sheets, picture ? el("section", { class: "panel" }, el("h2", {}, t("calibrate.picture")), picture.node) : null, el("section", { class: "panel" }, el("h2", {}, t("calibrate.ground")), ground.sheet.node));
    tool.enter?.();
    desk.redraw();
  };
  if (camera_id) {
    still.onload = draw;
    still.onerror = () => put(sheets, el("p", { class: "panel problem" }, t("calibrate.no-still")));
    still.src = `/api/v1/calibrate/${path(site_id, camera_id)}/still.jpg`;
  }
  const off = watch(draw);
  draw();
  return off;
}

/** A site's map, or one of its cameras. */
function choose(page) {
  const list = el("div", { class: "cards wide" });
  put(page, el("h1", {}, t("screen.calibrate")), el("p", { class: "quiet" }, t("calibrate.what")), list);
  let drawn = "";
  const draw = () => {
    const sites = [...room.sites.values()].map((site) => [site, [...room.cameras.values()].filter((camera) => camera.site === site.id)]);
    const now = JSON.stringify(sites.map(([site, cameras]) => [site.id, site.name, cameras.map((camera) => camera.id)]));
    if (drawn === now) return;
    drawn = now;
    put(list, sites.map(([site, cameras]) => el("section", { class: "panel" }, el("h2", {}, site.name ?? site.id),
      el("div", { class: "row" }, el("a", { class: "button big primary", href: `#/calibrate/${path(site.id)}` }, t("calibrate.map")),
        cameras.map((camera) => el("a", { class: "button big", href: `#/calibrate/${path(site.id, camera.id)}` }, nameOf(site.id, "cameras", camera.id)))))));
  };
  const off = watch(draw);
  draw();
  return off;
}
