// A site's ground as a sheet to click on, in metres with y upwards: plan, a grid of 10 m, zones, lines, and what has a place.

import { colour } from "./level.js";
import { crossing } from "./line.js";
import { Sheet, stroke } from "./sheet.js";
import { t } from "./i18n.js";
import { theme } from "./theme.js";
import { cornersOf, drawOnGround, drawingOf } from "./underlay.js";

const WIDTH_PX = 960;
/** Ground around what is known, as a share of its extent, and at least, metres: something new lies outside. */
const MARGIN = 0.12;
const MARGIN_M = 5;
/** Height by width: a ground that is long and thin still has room to click in. */
const SLIMMEST = 0.45;
const TALLEST = 0.6;
/** Where nothing is known: metres around the origin. */
const NOWHERE = [[-20, -10], [20, 10]];

/** A sheet whose clicks are told as metres, and `px(metres)` for what is drawn over it. */
export function groundSheet(site, clicked) {
  const [left, low, right, high] = extent(site);
  const scale = WIDTH_PX / (right - left);
  const px = ([x, y]) => [(x - left) * scale, (high - y) * scale];
  let drawing = null;
  const paint = (context, unit) => {
    context.fillStyle = colour("raised");
    context.fillRect(0, 0, WIDTH_PX, (high - low) * scale);
    context.globalAlpha = theme() === "dark" ? 0.35 : 0.7;
    if (drawing) drawOnGround(context, drawing, site.plan, px);
    context.globalAlpha = 1;
    context.strokeStyle = colour("line");
    context.lineWidth = 1;
    for (let x = Math.ceil(left / 10) * 10; x < right; x += 10) stroke(context, [px([x, low]), px([x, high])]);
    for (let y = Math.ceil(low / 10) * 10; y < high; y += 10) stroke(context, [px([left, y]), px([right, y])]);
    context.font = `${13 * unit}px system-ui`;
    context.strokeStyle = context.fillStyle = colour("ink");
    context.lineWidth = 2;
    for (const zone of site.zones.filter((one) => one.outline_in_ground_m.length)) {
      const outline = zone.outline_in_ground_m.map(px);
      stroke(context, [...outline, outline[0]]);
      context.fillText(zone.name, outline[0][0] + 6, outline[0][1] - 6);
    }
    context.strokeStyle = context.fillStyle = colour("accent");
    for (const line of site.lines.filter((one) => one.points_in_ground_m.length)) {
      const points = line.points_in_ground_m.map(px);
      for (const part of [points, ...(crossing(line.points_in_ground_m, line.inside)?.strokes ?? []).map((part) => part.map(px))]) stroke(context, part);
      context.fillText(line.name, points[0][0] + 6, points[0][1] + 16 * unit);
    }
    for (const [sign, things] of [["▣", site.cameras], ["♪", site.speakers]]) {
      for (const thing of things.filter((one) => one.position_in_ground_m)) {
        const [x, y] = px(thing.position_in_ground_m);
        context.fillText(`${sign} ${thing.name}`, x - 6 * unit, y + 5 * unit);
      }
    }
  };
  const sheet = new Sheet(WIDTH_PX, Math.round((high - low) * scale), t("calibrate.ground"), paint, ([x, y]) => clicked([x / scale + left, high - y / scale]));
  drawingOf(site).then((image) => { drawing = image; sheet.draw(); });
  return { sheet, px };
}

/** Left, low, right and high of what a site knows of its ground, and some more. */
function extent(site) {
  const places = [...site.cameras, ...site.speakers].map((thing) => thing.position_in_ground_m).filter(Boolean);
  const known = [...site.zones.flatMap((zone) => zone.outline_in_ground_m), ...site.lines.flatMap((line) => line.points_in_ground_m), ...places, ...(site.plan ? cornersOf(site.plan) : [])];
  const corners = known.length ? known : NOWHERE;
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const side = (values) => {
    const [from, to] = [Math.min(...values), Math.max(...values)];
    const margin = Math.max(MARGIN_M, (to - from) * MARGIN);
    return [from - margin, to + margin];
  };
  const widened = ([from, to], length) => { const more = Math.max(0, length - (to - from)) / 2; return [from - more, to + more]; };
  const [x, y] = [side(xs), side(ys)];
  const [width, height] = [x[1] - x[0], y[1] - y[0]];
  const [left, right] = widened(x, height / TALLEST);
  const [low, high] = widened(y, width * SLIMMEST);
  return [left, low, right, high];
}
