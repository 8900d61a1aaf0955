// Where a camera's picture lies on the ground, and what the site watches: each change is looked at before it is made.

import { get, path, post } from "./api.js";
import { el, put } from "./dom.js";
import { clock, num, t } from "./i18n.js";
import { LEVELS, badge, colour } from "./level.js";
import { nameOf, room, watch } from "./live.js";
import { attempt, notice } from "./notices.js";
import { Sheet, stroke } from "./sheet.js";

const GROUND_PX = 960;

export function calibrate(page, site_id, camera_id) {
  if (!site_id) return choose(page);
  const still = new Image();
  const state = { image: [], ground: [], outline: [], fit: null };
  const results = el("section", { class: "panel" });
  const review = el("section", { class: "panel" });
  const past = el("section", { class: "panel" });
  const sheets = el("div", { class: "columns" });
  const zones = el("select", { "aria-label": t("history.zone") });
  let ground = null;
  let picture = null;
  let mode = "points";
  zones.addEventListener("change", () => { if (mode === "thresholds") drawResults(); });

  const redraw = () => {
    if (!picture) return;
    picture.points = state.image;
    picture.lines = state.fit?.grid_px ?? [];
    ground.sheet.points = (mode === "points" ? state.ground : state.outline).map(ground.px);
    picture.draw();
    ground.sheet.draw();
    drawResults();
  };
  let asked = 0;
  const changed = async () => {
    asked += 1;
    const mine = asked;
    const pairs = pairsOf(state);
    state.fit = null;
    redraw();
    if (pairs.length < 4 || state.image.length !== state.ground.length) return;
    const fit = await post(`calibrate/${path(site_id, camera_id)}/fit`, { points: pairs }).catch((error) => { notice(error); return null; });
    // A point that was clicked meanwhile makes this answer one to another question.
    if (mine === asked) { state.fit = fit; redraw(); }
  };
  const back = () => {
    if (mode === "zone") state.outline.pop();
    else if (state.image.length > state.ground.length) state.image.pop();
    else { state.image.pop(); state.ground.pop(); }
    changed();
  };
  /** The densities at which the levels of a zone begin, as its site file states them. */
  const drawThresholds = () => {
    const zone = room.sites.get(site_id)?.zones.find((known) => known.id === zones.value);
    const inputs = LEVELS.slice(1).map((level) => [level, el("input", { type: "number", name: level, step: "any", min: 0, max: 20, required: true, value: zone?.thresholds_people_per_m2?.[level] ?? "", "aria-label": t(`level.${level}`) })]);
    const submit = (event) => {
      event.preventDefault();
      propose({ thresholds: { zone: zones.value, people_per_m2: Object.fromEntries(inputs.map(([level, input]) => [level, Number(input.value)])) } });
    };
    put(results, el("h2", {}, t("calibrate.thresholds", { zone: zone?.name ?? zones.value })), el("p", { class: "quiet" }, t("calibrate.thresholds-what")),
      el("form", { on: { submit } }, inputs.map(([level, input]) => el("label", { class: "row" }, badge(level), "≥", input, t("unit.density"))),
        el("button", { type: "submit", class: "primary", "data-act": "review" }, t("calibrate.review"))));
  };
  const drawResults = () => (mode === "thresholds" ? drawThresholds() : drawPoints());
  const drawPoints = () => put(results, el("h2", {}, t("calibrate.points")),
    el("p", {}, t(state.image.length > state.ground.length ? "calibrate.now-ground" : "calibrate.now-picture")),
    el("table", {}, el("thead", {}, el("tr", {}, ["number", "picture", "ground", "residual"].map((name) => el("th", {}, t(`calibrate.${name}`))))),
      el("tbody", {}, state.image.map((point, index) => el("tr", {}, el("td", {}, String(index + 1)), el("td", {}, point.map((px) => num(px, 0)).join(", ")),
        el("td", {}, state.ground[index]?.map((m) => num(m, 2)).join(", ") ?? "–"), el("td", { class: "num" }, state.fit ? `${num(state.fit.residuals_m[index], 2)} m` : "–"))))),
    state.fit ? [el("p", {}, el("strong", {}, t("calibrate.rms", { m: num(state.fit.rms_m, 2) }))), el("h3", {}, t("calibrate.trust")),
      el("div", { class: "bars" }, state.fit.zones.flatMap((zone) => [el("span", {}, nameOf(site_id, "zones", zone.zone)),
        el("div", { class: "bar" }, el("i", { style: { width: `${zone.trusted_share * 100}%` } })), el("span", {}, `${num(zone.trusted_share * 100, 0)} %`)]))] : null,
    el("div", { class: "row" }, el("button", { on: { click: back } }, t("calibrate.back")),
      mode === "points" ? el("button", { class: "primary", "data-act": "review", disabled: !state.fit, on: { click: () => propose({ calibration: { camera: camera_id, points: pairsOf(state) } }) } }, t("calibrate.review"))
        : el("button", { class: "primary", "data-act": "review", disabled: state.outline.length < 3, on: { click: () => propose({ zones: { zones: [{ id: zones.value, outline_in_ground_m: state.outline }] } }) } }, t("calibrate.review"))));
  const propose = async (change) => {
    const refused = (error) => { put(review, el("h2", {}, t("calibrate.refused")), el("p", { class: "problem", role: "alert" }, error.message)); return null; };
    const proposal = await post(`sites/${path(site_id)}/changes`, { change }).catch(refused);
    if (!proposal) return;
    const apply = async () => {
      const done = await attempt(() => post(`sites/${path(site_id)}/changes/${path(proposal.id)}/apply`), t("done"));
      if (done) { put(review); drawPast(); }
    };
    put(review, el("h2", {}, t("calibrate.review")), el("p", {}, t(proposal.needs === "nothing" ? "calibrate.needs-nothing" : "calibrate.needs-camera")),
      proposal.findings.map((finding) => el("p", { class: "problem" }, finding)), diff(proposal.diff), el("button", { class: "danger big", "data-act": "apply", on: { click: apply } }, t("calibrate.apply")));
    review.scrollIntoView();
  };
  const drawPast = async () => {
    const changes = await get(`sites/${path(site_id)}/changes`).catch(() => []);
    const undo = async () => { await attempt(() => post(`sites/${path(site_id)}/changes/undo`), t("done")); drawPast(); };
    put(past, el("div", { class: "head" }, el("h2", {}, t("calibrate.changes")), el("button", { "data-act": "undo", disabled: !changes.some((one) => !one.undone_at), on: { click: undo } }, t("calibrate.undo"))),
      changes.length ? changes.map((one) => el("details", {}, el("summary", {}, `${clock(one.at)} · ${one.by} · ${one.what}${one.undone_at ? ` · ${t("calibrate.undone")}` : ""}`), diff(one.diff))) : el("p", { class: "quiet" }, t("none")));
  };
  const modes = ["points", "zone", "thresholds"].map((name) => el("button", { "aria-pressed": String(name === mode), on: { click: (event) => {
    mode = name;
    for (const button of modes) button.setAttribute("aria-pressed", String(button === event.currentTarget));
    redraw();
  } } }, t(`calibrate.mode-${name}`)));
  put(page, el("div", { class: "head" }, el("h1", {}, t("calibrate.title", { camera: nameOf(site_id, "cameras", camera_id) })), el("div", { class: "row" }, modes, zones, el("a", { class: "button", href: "#/calibrate" }, t("dialog.back")))),
    sheets, el("div", { class: "columns" }, results, review), past);

  const begin = () => {
    const site = room.sites.get(site_id);
    if (!site || picture || !still.naturalWidth) return;
    put(zones, site.zones.map((zone) => el("option", { value: zone.id }, zone.name)));
    ground = groundSheet(site, (metres) => {
      if (mode === "zone") state.outline.push(metres);
      else if (state.image.length > state.ground.length) state.ground.push(metres);
      else return;
      changed();
    });
    picture = new Sheet(still.naturalWidth, still.naturalHeight, t("calibrate.picture"), (context) => context.drawImage(still, 0, 0), (px) => {
      if (mode !== "points" || state.image.length > state.ground.length) return;
      state.image.push(px);
      changed();
    });
    put(sheets, el("section", { class: "panel" }, el("h2", {}, t("calibrate.picture")), picture.node), el("section", { class: "panel" }, el("h2", {}, t("calibrate.ground")), ground.sheet.node));
    redraw();
  };
  still.onload = begin;
  still.onerror = () => put(sheets, el("p", { class: "panel problem" }, t("calibrate.no-still")));
  still.src = `/api/v1/calibrate/${path(site_id, camera_id)}/still.jpg`;
  const off = watch(begin);
  drawPast();
  return off;
}

const pairsOf = ({ image, ground }) => ground.map((ground_m, index) => ({ image_px: image[index], ground_m }));

/** The ground as a sheet of metres, y upwards: plan, a grid of 10 m, zones and their names. */
function groundSheet(site, clicked) {
  const corners = [...site.zones.flatMap((zone) => zone.outline_in_ground_m), ...(site.plan_corners_in_ground_m ?? [])];
  const [xs, ys] = [corners.map(([x]) => x), corners.map(([, y]) => y)];
  const [left, right, low, high] = [Math.min(...xs) - 5, Math.max(...xs) + 5, Math.min(...ys) - 5, Math.max(...ys) + 5];
  const scale = GROUND_PX / (right - left);
  const px = ([x, y]) => [(x - left) * scale, (high - y) * scale];
  const plan = new Image();
  const paint = (context, unit) => {
    context.fillStyle = colour("raised");
    context.fillRect(0, 0, GROUND_PX, (high - low) * scale);
    if (plan.naturalWidth) {
      const [[x0, y1], [x1, y0]] = site.plan_corners_in_ground_m.map(px);
      context.drawImage(plan, x0, y0, x1 - x0, y1 - y0);
    }
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
  };
  const sheet = new Sheet(GROUND_PX, Math.round((high - low) * scale), t("calibrate.ground"), paint, ([x, y]) => clicked([x / scale + left, high - y / scale]));
  if (site.has_plan_image) { plan.onload = () => sheet.draw(); plan.src = `/api/v1/sites/${path(site.id)}/plan`; }
  return { sheet, px };
}

const diff = (text) => el("pre", { tabindex: 0 }, text.split("\n").map((line) => el("div", { class: line.startsWith("+") ? "added" : line.startsWith("-") ? "gone" : "" }, line)));

function choose(page) {
  const list = el("div", { class: "cards" });
  put(page, el("h1", {}, t("screen.calibrate")), el("p", { class: "quiet" }, t("calibrate.what")), list);
  let count = -1;
  const draw = () => {
    if (count === room.cameras.size) return;
    count = room.cameras.size;
    put(list, [...room.cameras.values()].map((camera) => el("a", { class: "button big", href: `#/calibrate/${path(camera.site, camera.id)}` }, `${room.sites.get(camera.site)?.name ?? camera.site} · ${nameOf(camera.site, "cameras", camera.id)}`)));
  };
  const off = watch(draw);
  draw();
  return off;
}
