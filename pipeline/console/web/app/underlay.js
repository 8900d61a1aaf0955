// What lies under zones and cameras: a site's own drawing, and tiles of a map of the Earth that the console keeps itself.

import * as L from "../vendor/leaflet/leaflet-src.esm.js";
import { path } from "./api.js";

/** Longest side of a drawing on the map, pixels: larger ones are made smaller, which a screen does not show. */
const SIDE_MAX_PX = 4096;
const TILE_PX = 256;
/** Tiles of the Earth in one tile of the map; more are too far out to be of use. */
const TILES_MAX = 16;
/** WGS 84. */
const SEMI_MAJOR_M = 6_378_137;
const FLATTENING = 1 / 298.257223563;

/** The drawing of a site, loaded; null where it has none, or it cannot be loaded. */
export function drawingOf(site) {
  if (!site.plan) return Promise.resolve(null);
  return picture(`/api/v1/sites/${path(site.id)}/plan`);
}

const known = new Map();
/** A picture, fetched once for as long as the page is open; null where there is none. */
function picture(address) {
  if (!known.has(address)) {
    known.set(address, new Promise((resolve) => {
      const image = new Image();
      image.onload = () => resolve(image);
      image.onerror = () => resolve(null);
      image.src = address;
    }));
  }
  return known.get(address);
}

/** Draws a site's drawing into a canvas whose pixels `px(metres)` tells. */
export function drawOnGround(context, image, plan, px) {
  const at = (u, v) => px(plan.ground_from_image.map(([a, b, c]) => a * u + b * v + c));
  const [origin, right, down] = [at(0, 0), at(1, 0), at(0, 1)];
  context.save();
  context.transform(right[0] - origin[0], right[1] - origin[1], down[0] - origin[0], down[1] - origin[1], origin[0], origin[1]);
  context.drawImage(image, 0, 0, plan.size_px[0], plan.size_px[1]);
  context.restore();
}

/** Corners of a drawing on the ground, metres. */
export const cornersOf = ({ size_px: [width, height], ground_from_image }) =>
  [[0, 0], [width, 0], [width, height], [0, height]].map(([u, v]) => ground_from_image.map(([a, b, c]) => a * u + b * v + c));

/** Lays a drawing, turned as it lies, under the map of a pane; answers with its layer. */
export function drawingLayer(image, plan, pane) {
  const corners = cornersOf(plan);
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, right, low, high] = [Math.min(...xs), Math.max(...xs), Math.min(...ys), Math.max(...ys)];
  const metres_per_px = Math.hypot(plan.ground_from_image[0][0], plan.ground_from_image[1][0]);
  const scale = Math.min(1 / metres_per_px, SIDE_MAX_PX / Math.max(right - left, high - low));
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [Math.ceil((right - left) * scale), Math.ceil((high - low) * scale)];
  drawOnGround(canvas.getContext("2d"), image, plan, ([x, y]) => [(x - left) * scale, (high - y) * scale]);
  return L.imageOverlay(canvas.toDataURL(), [[low, left], [high, right]], { pane, className: "underlay" });
}

/** From a site's metres to the square map of the web (Mercator), 0 to 1 from the north west. Straight around the origin: the
 *  scale changes by less than 2 parts in 10 000 within a kilometre, up to 50 degrees of latitude. */
export function webFromGround({ latitude_deg, longitude_deg, bearing_deg }) {
  const [phi, bearing] = [latitude_deg, bearing_deg].map((deg) => (deg * Math.PI) / 180);
  const squared = FLATTENING * (2 - FLATTENING);
  const bent = 1 - squared * Math.sin(phi) ** 2;
  const [across_m, along_m] = [SEMI_MAJOR_M / Math.sqrt(bent), (SEMI_MAJOR_M * (1 - squared)) / bent ** 1.5];
  const per_m = (radius_m) => 1 / (2 * Math.PI * Math.cos(phi) * radius_m);
  const [u, v] = [(longitude_deg + 180) / 360, (1 - Math.asinh(Math.tan(phi)) / Math.PI) / 2];
  const [cos, sin] = [Math.cos(bearing), Math.sin(bearing)];
  return ([x, y]) => [u + (x * cos + y * sin) * per_m(across_m), v - (y * cos - x * sin) * per_m(along_m)];
}

/** Tiles of the Earth under the map of a site's metres, turned as the site lies. */
export function tileLayer(place, tiles, pane) {
  const web = webFromGround(place);
  const Layer = L.GridLayer.extend({
    createTile(coords, done) {
      const canvas = document.createElement("canvas");
      canvas.width = canvas.height = TILE_PX;
      const corner = (right, down) => {
        const { lat, lng } = this._map.unproject([(coords.x + right) * TILE_PX, (coords.y + down) * TILE_PX], coords.z);
        return web([lng, lat]);
      };
      paint(canvas.getContext("2d"), [corner(0, 0), corner(1, 0), corner(0, 1), corner(1, 1)], tiles).then(() => done(null, canvas));
      return canvas;
    },
  });
  return new Layer({ pane, tileSize: TILE_PX, className: "underlay", minZoom: -4, maxZoom: 6 });
}

/** Paints a tile of the map, whose corners lie there in the square map of the web. */
async function paint(context, [origin, right, down, far], { min_zoom, max_zoom }) {
  const [ax, ay, bx, by] = [right[0] - origin[0], right[1] - origin[1], down[0] - origin[0], down[1] - origin[1]];
  const zoom = Math.min(max_zoom, Math.max(min_zoom, Math.round(-Math.log2(Math.hypot(ax, ay)))));
  const side = 2 ** zoom;
  const us = [origin, right, down, far].map(([u]) => u * side);
  const vs = [origin, right, down, far].map(([, v]) => v * side);
  const range = (values) => { const from = Math.floor(Math.min(...values)); return Array.from({ length: Math.floor(Math.max(...values)) - from + 1 }, (_, index) => from + index); };
  const [columns, rows] = [range(us), range(vs)];
  if (columns.length * rows.length > TILES_MAX) return;
  // Pixels of the canvas from places of the web's map.
  const whole = ax * by - ay * bx;
  const px = (column, row) => {
    const [u, v] = [column / side - origin[0], row / side - origin[1]];
    return [((u * by - v * bx) / whole) * TILE_PX, ((v * ax - u * ay) / whole) * TILE_PX];
  };
  await Promise.all(columns.flatMap((column) => rows.map(async (row) => {
    const image = row < 0 || row >= side ? null : await picture(`/api/v1/tiles/${zoom}/${((column % side) + side) % side}/${row}`);
    if (!image) return;
    const [o, r, d] = [px(column, row), px(column + 1, row), px(column, row + 1)];
    context.setTransform((r[0] - o[0]) / TILE_PX, (r[1] - o[1]) / TILE_PX, (d[0] - o[0]) / TILE_PX, (d[1] - o[1]) / TILE_PX, o[0], o[1]);
    // Half a pixel over: no seam shows between two of them.
    context.drawImage(image, 0, 0, TILE_PX + 0.5, TILE_PX + 0.5);
  })));
}
