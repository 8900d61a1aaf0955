// One site's ground in metres: plan, heat, footprints, zones, lines, flow, cameras, loudspeakers.

import * as L from "../vendor/leaflet/leaflet-src.esm.js";
import { get, path } from "./api.js";
import { el } from "./dom.js";
import { num, t, word } from "./i18n.js";
import { colour, shape } from "./level.js";
import { age, levelOf, room, site } from "./live.js";
import { arrow, crossing } from "./line.js";
import { cornersOf, drawingLayer, drawingOf, tileLayer } from "./underlay.js";

const at = ([x, y]) => [y, x];
/** A density of the ground that is older than this is of the past, seconds. Sites tell it several times a second. */
const FIELD_OLD_SECS = 10;
/** A loudspeaker by what it does: never told by colour alone. */
const SPEAKER_SIGNS = { idle: "♪", speaking: "♫)))", muted: "♪×", disarmed: "♪–", unreachable: "?", lost: "?" };
/** Room that the name of a zone takes, pixels. */
const NAME_PX = 140;
/** Density in people/m2 to colour: transparent where nearly nobody is, through violet to yellow (readable without hues). */
const RAMP = [[0, 68, 1, 84, 0], [1, 65, 68, 135, 120], [2, 42, 120, 142, 165], [3.5, 34, 168, 132, 190], [5, 122, 209, 81, 210], [7, 253, 231, 37, 230]];
export function heat(density) {
  const above = RAMP.findIndex(([from]) => from > density);
  if (above < 0) return RAMP.at(-1).slice(1);
  if (above === 0) return [0, 0, 0, 0];
  const [low, high] = [RAMP[above - 1], RAMP[above]];
  const share = (density - low[0]) / (high[0] - low[0]);
  return [1, 2, 3, 4].map((index) => low[index] + share * (high[index] - low[index]));
}

export class GroundMap {
  constructor(node, site_id, opened) {
    this.site_id = site_id;
    this.opened = opened;
    this.map = L.map(node, { crs: L.CRS.Simple, minZoom: -4, maxZoom: 6, zoomSnap: 0.25, attributionControl: false });
    // Below zones and heat, which share Leaflet's own.
    this.map.createPane("underlay").style.setProperty("z-index", "250");
    this.groups = Object.fromEntries(["plan", "heat", "footprints", "zones", "lines", "flow", "cameras", "speakers"].map((name) => [name, L.layerGroup().addTo(this.map)]));
    this.zones = new Map();
    // Whoever has moved the map keeps what they look at; else all of the site stays in sight, however the page is laid out.
    this.is_moved = false;
    this.map.on("dragstart", () => { this.is_moved = true; });
    node.addEventListener("wheel", () => { this.is_moved = true; }, { passive: true });
    this.resized = new ResizeObserver(() => this.fit());
    this.resized.observe(node);
    this.drawFixed();
  }

  fit() {
    this.map.invalidateSize({ animate: false });
    if (!this.is_moved && this.bounds?.isValid()) this.map.fitBounds(this.bounds.pad(0.04), { animate: false });
  }

  drawFixed() {
    const place = site(this.site_id);
    if (!place) return;
    this.drawn = place;
    for (const group of Object.values(this.groups)) group.clearLayers();
    this.zones.clear();
    if (place.place && room.tiles) tileLayer(place.place, room.tiles, "underlay").addTo(this.groups.plan);
    if (place.plan) drawingOf(place).then((image) => { if (image && this.drawn === place) drawingLayer(image, place.plan, "underlay").addTo(this.groups.plan); });
    const bounds = L.latLngBounds(place.plan ? cornersOf(place.plan).map(at) : []);
    for (const zone of place.zones ?? []) {
      if (!zone.outline_in_ground_m?.length) continue;
      const polygon = L.polygon(zone.outline_in_ground_m.map(at), { weight: 3 }).addTo(this.groups.zones);
      polygon.on("click", () => this.opened(zone.id));
      polygon.on("mouseover", () => polygon.getTooltip()?.getElement()?.setAttribute("title", zone.name));
      this.zones.set(zone.id, polygon);
      bounds.extend(polygon.getBounds());
    }
    for (const line of place.lines ?? []) {
      this.drawLine(line);
    }
    for (const thing of [...(place.cameras ?? []), ...(place.speakers ?? [])]) if (thing.position_in_ground_m) bounds.extend(at(thing.position_in_ground_m));
    this.bounds = bounds;
    this.fit();
  }

  /** Redraws what changes. */
  draw() {
    const place = site(this.site_id);
    if (!place) return;
    if (this.drawn !== place) this.drawFixed();
    this.groups.flow.clearLayers();
    for (const described of place.zones ?? []) this.drawZone(described);
    this.drawCameras(place);
    this.drawSpeakers(place);
  }

  drawLine({ name, points_in_ground_m: points, inside }) {
    L.polyline(points.map(at), { color: colour("accent"), weight: 4, dashArray: "8 5" }).bindTooltip(name).addTo(this.groups.lines);
    const across = crossing(points, inside);
    if (!across) return;
    for (const part of across.strokes) L.polyline(part.map(at), { color: colour("accent"), weight: 2, interactive: false }).addTo(this.groups.lines);
    for (const way of ["in", "out"]) {
      const icon = L.divIcon({ className: "way", html: el("span", {}, t(`line.${way}`)), iconSize: [40, 16] });
      L.marker(at(across[way]), { icon, interactive: false, keyboard: false }).addTo(this.groups.lines);
    }
  }

  drawZone(described) {
    const polygon = this.zones.get(described.id);
    const zone = room.zones.get(`${this.site_id}/${described.id}`);
    if (!polygon) return;
    const level = zone ? levelOf(zone) : "unknown";
    const c = colour(level);
    const dashes = { core: null, district: "12 6", periphery: "3 7" };
    polygon.setStyle({ color: c, fillColor: c, fillOpacity: level === "normal" ? 0.06 : 0.2, weight: level === "red" ? 6 : 3, dashArray: level === "unknown" ? "10 8" : (dashes[described.ring] ?? null) });
    const text = level === "unknown" ? t("level.unknown") : `${num(zone.density?.mean)} ${t("unit.density")}`;
    // A name that is wider than its zone stands above it, and not on its neighbours.
    const bounds = polygon.getBounds();
    const [low, high] = [bounds.getSouthWest(), bounds.getNorthEast()].map((corner) => this.map.latLngToLayerPoint(corner));
    const is_narrow = level !== "normal" && high.x - low.x < NAME_PX;
    const placed = is_narrow ? { direction: "top", offset: [0, (high.y - low.y) / 2] } : { direction: "center" };
    const key = JSON.stringify([level, text, placed]);
    if (polygon.key !== key) {
      polygon.key = key;
      polygon.unbindTooltip().bindTooltip(el("span", { class: `level-${level}` }, shape(level), level === "normal" ? ` ${num(zone.density?.mean)}` : el("span", {}, ` ${described.name}`, el("br"), text)), { ...placed, permanent: true, className: `zone-name level-${level}` });
    }
    const v = zone?.velocity_m_per_s;
    if (v && Math.hypot(...v) > 0.05) {
      const centre = polygon.getBounds().getCenter();
      const size = (Math.sqrt(described.area_m2 ?? 100) * 0.5) / Math.max(0.3, Math.hypot(...v));
      const [x, y, dx, dy] = [centre.lng, centre.lat, v[0] * size * Math.min(1, Math.hypot(...v)), v[1] * size * Math.min(1, Math.hypot(...v))];
      for (const points of arrow([x, y], [x + dx, y + dy])) L.polyline(points.map(at), { color: colour("ink"), weight: 3, interactive: false }).addTo(this.groups.flow);
    }
  }

  drawCameras(place) {
    this.groups.cameras.clearLayers();
    this.groups.footprints.clearLayers();
    for (const camera of place.cameras ?? []) {
      const now = room.cameras.get(`${this.site_id}/${camera.id}`);
      const footprint = now?.footprint_in_ground_m ?? camera.footprint_in_ground_m;
      if (footprint?.length) L.polygon(footprint.map(at), { color: colour("accent"), weight: 1, fillOpacity: 0.04, dashArray: "4 4", interactive: false }).addTo(this.groups.footprints);
      const is_seeing = now?.alive && ["live", "degraded"].includes(now.state);
      if (camera.position_in_ground_m) this.mark("cameras", camera, { sign: is_seeing ? "▣" : "☒", state: is_seeing ? "sees" : "no-data", words: is_seeing ? t("map.sees") : t("map.no-data"), to: "#/wall" });
    }
  }

  drawSpeakers(place) {
    this.groups.speakers.clearLayers();
    for (const speaker of place.speakers ?? []) {
      const now = room.speakers.get(`${this.site_id}/${speaker.id}`);
      const state = now?.alive ? now.state : "lost";
      if (speaker.position_in_ground_m) this.mark("speakers", speaker, { sign: SPEAKER_SIGNS[state] ?? "♪", state, words: word("speaker", state), to: "#/speakers" });
    }
  }

  /** A thing at its place, with its state as sign, colour and words; a click leads to it. */
  mark(group, thing, { sign, state, words, to }) {
    const icon = L.divIcon({ className: `marker ${group} is-${state}`, html: el("span", {}, sign), iconSize: [sign.length > 2 ? 46 : 26, 26] });
    const text = `${thing.name} · ${words}`;
    L.marker(at(thing.position_in_ground_m), { icon, alt: text, title: text, keyboard: true }).on("click keypress", () => { location.hash = to; }).addTo(this.groups[group]);
  }

  /** Fetches the density of the ground and lays it over the map. */
  async refreshHeat() {
    let field;
    try {
      field = await get(`sites/${path(this.site_id)}/field`);
      if (age(field.at) > FIELD_OLD_SECS) throw new Error("the density of the ground is of the past");
    } catch {
      this.groups.heat.clearLayers();
      return;
    }
    const { columns, rows, cell_m, origin_in_ground_m: [x, y], density_people_per_m2: cells } = field;
    const canvas = el("canvas", { width: columns, height: rows });
    const context = canvas.getContext("2d");
    const image = context.createImageData(columns, rows);
    cells.forEach((density, index) => {
      // Row 0 lies in the south of the ground and at the bottom of the picture.
      const to = ((rows - 1 - Math.floor(index / columns)) * columns + (index % columns)) * 4;
      if (density !== null) image.data.set(heat(density), to);
    });
    context.putImageData(image, 0, 0);
    const bounds = [[y, x], [y + rows * cell_m, x + columns * cell_m]];
    if (this.overlay && this.groups.heat.hasLayer(this.overlay)) {
      this.overlay.setUrl(canvas.toDataURL()).setBounds(bounds);
    } else {
      this.overlay = L.imageOverlay(canvas.toDataURL(), bounds, { opacity: 0.85 }).addTo(this.groups.heat);
    }
  }

  toggle(group, is_on) {
    if (is_on) this.groups[group].addTo(this.map);
    else this.groups[group].remove();
  }

  remove() {
    this.resized.disconnect();
    this.map.remove();
  }
}
