// One zone: how full, how sure, why, how soon, and how it came about.

import { get, path } from "./api.js";
import { chart, csv, pictureOf } from "./chart.js";
import { download, el, put, redraw } from "./dom.js";
import { clock, num, span, t, word } from "./i18n.js";
import { LEVELS, badge, colour } from "./level.js";
import { age, described, levelOf, room, watch } from "./live.js";
import { said } from "./said.js";

/** What this page has seen since it was opened: finer than the history, which tells what was before. */
const seen = new Map();
const POINTS_MAX = 3600;

export function zone(page, site_id, id) {
  const key = `${site_id}/${id}`;
  const head = el("div", { class: "head" });
  const facts = el("section", { class: "panel facts" });
  const why = el("section", { class: "panel" });
  const limits = el("section", { class: "panel" });
  const box = el("div", { class: "chart" });
  const from = el("select", { "aria-label": t("zone.window"), on: { change: () => refresh() } }, [1, 6, 24].map((n) => el("option", { value: n }, t("zone.hours", { n }))));
  let columns = null;
  let shown = null;
  const names = ["at", "density_mean", "density_p95", "density_max"];
  put(page, head, facts, el("div", { class: "columns" }, why, limits),
    el("section", { class: "panel" }, el("div", { class: "head" }, el("h2", {}, t("zone.timeline")), el("div", { class: "row" }, from,
      el("button", { "data-act": "png", on: { click: () => savePicture() } }, "PNG"), el("button", { "data-act": "csv", on: { click: () => saveTable() } }, "CSV"))), box));
  const savePicture = () => {
    if (!shown) return;
    const [from_secs, to_secs] = [columns[0][0], columns[0].at(-1)];
    const title = t("zone.png-title", { zone: described({ site: site_id, id })?.name ?? id, from: clock(from_secs * 1000), to: clock(to_secs * 1000) });
    pictureOf(shown, title).toBlob((blob) => download(`${site_id}-${id}.png`, blob));
  };
  const saveTable = () => {
    if (!columns?.[0].length) return;
    const table = csv(names, [columns[0].map((secs) => new Date(secs * 1000).toISOString()), ...columns.slice(1)]);
    download(`${site_id}-${id}.csv`, new Blob([table], { type: "text/csv" }));
  };

  const refresh = async () => {
    const to = new Date();
    const since = new Date(to - Number(from.value) * 3_600_000);
    const series = await get(`history/zones/${path(site_id, id)}?from=${since.toISOString()}&to=${to.toISOString()}&points=400`).catch(() => null);
    const c = series?.columns;
    const outside = await get(`history/signals/${path(site_id)}?from=${since.toISOString()}&to=${to.toISOString()}`).catch(() => []);
    columns = joined(c ? [c.at.map((at) => Date.parse(at) / 1000), c.density_mean, c.density_p95, c.density_max] : null, seen.get(key));
    shown?.remove();
    put(box);
    if (!columns[0].length) { put(box, el("p", { class: "quiet" }, t("zone.no-history"))); shown = null; return; }
    shown = chart(box, columns, [{ label: t("zone.density"), colour: colour("accent"), width: 3 }, { label: "p95", colour: colour("orange") }, { label: t("zone.max"), colour: colour("quiet"), width: 1 }], described({ site: site_id, id })?.thresholds_people_per_m2, spansOf(outside, id));
  };
  const explain = async () => {
    const full = await get(`zones/${path(site_id, id)}`).catch(() => null);
    if (full) drawWhy(why, full.risk);
  };
  const draw = () => {
    const now = room.zones.get(key);
    if (!now) return;
    remember(key, now);
    redraw(head, [now.level, now.drill, Math.floor(age(now.captured_at) ?? -1), now.notes], () => [
      el("h1", { class: "row" }, badge(levelOf(now)), described(now)?.name ?? id, now.drill ? el("span", { class: "drill" }, t("drill")) : null),
      el("span", { class: "quiet" }, `${word("freshness", now.freshness)} · ${t("age", { span: span(age(now.captured_at)) })} · ${t("zone.coverage", { n: num((now.coverage ?? NaN) * 100, 0) })}${now.calibrated === false ? ` · ${t("zone.uncalibrated")}` : ""}`),
      now.notes?.length ? el("span", { class: "badge level-unknown" }, now.notes.map(said).join(" · ")) : null]);
    redraw(facts, now, () => drawFacts(now));
    redraw(limits, [described(now)?.thresholds_people_per_m2, now.level, now.tightened, room.signals.get(`${site_id}/${now.tightened?.signal}`)], () => drawLimits(now));
  };
  const off = watch(draw);
  draw();
  explain();
  refresh();
  const timers = [setInterval(explain, 2000), setInterval(refresh, 10_000)];
  return () => { off(); timers.forEach(clearInterval); shown?.remove(); };
}

/** What happened outside, as spans of the timeline. */
const spansOf = (signals, zone_id) => signals.filter((one) => !one.zones?.length || one.zones.includes(zone_id))
  .map((one) => ({ from: Date.parse(one.from) / 1000, to: Date.parse(one.until) / 1000, label: `${word("signal", one.kind)}: ${one.text}` }));

function remember(key, now) {
  const at = Math.floor(Date.parse(now.captured_at) / 1000);
  const columns = seen.get(key) ?? [[], [], [], []];
  if (!at || columns[0].at(-1) >= at) return;
  [at, now.density?.mean ?? null, now.density?.p95 ?? null, now.density?.max ?? null].forEach((value, index) => columns[index].push(value));
  if (columns[0].length > POINTS_MAX) columns.forEach((column) => column.shift());
  seen.set(key, columns);
}

/** The history until the page was opened, then what it has seen. */
function joined(past, lately) {
  if (!past || !lately) return past ?? lately ?? [[], [], [], []];
  const before = past[0].findIndex((at) => at >= lately[0][0]);
  return past.map((column, index) => [...(before < 0 ? column : column.slice(0, before)), ...lately[index]]);
}

function drawFacts(now) {
  const fact = (value, label, range) => el("div", { class: "fact" }, el("b", {}, value), el("span", {}, label, range ? ` ${range}` : ""));
  return [
    fact(num(now.density?.mean), `${t("zone.density")}, ${t("unit.density")}`, `[${num(now.density?.lo)} – ${num(now.density?.hi)}]`),
    fact(num(now.people, 0), t("zone.people"), `[${num(now.people_lo, 0)} – ${num(now.people_hi, 0)}]`),
    fact(now.occupancy_ratio === null ? "–" : `${num(now.occupancy_ratio * 100, 0)} %`, t("zone.occupancy")),
    fact(num(now.trend_per_min), `${t("zone.trend")}, ${t("unit.trend")}`),
    fact(num(now.speed_m_per_s), `${t("zone.speed")}, ${t("unit.speed")}`),
    fact(num(now.flow_people_per_m_s, 2), `${t("zone.flow")}, ${t("unit.flow")}`),
    fact(num(now.score, 0), t("zone.score"), `[${num(now.score_lo, 0)} – ${num(now.score_hi, 0)}]`),
    fact(span(now.secs_to_red), t("zone.red-in")),
    fact(span(now.secs_to_capacity), t("zone.full-in"), now.capacity_probability === null ? "" : `${num(now.capacity_probability * 100, 0)} %`),
  ];
}

/** The score taken apart. */
function drawWhy(node, risk) {
  redraw(node, risk, () => [
    el("h2", {}, t("zone.why")),
    risk?.contributions?.length
      ? el("div", { class: "bars" }, [...risk.contributions].sort((a, b) => b.share - a.share).flatMap((one) => [
        el("span", {}, word("factor", one.factor)), el("div", { class: "bar" }, el("i", { style: { width: `${Math.max(0, Math.min(100, one.share * 100))}%` } })), el("span", { class: "num" }, `${num(one.share * 100, 0)} %`)]))
      : el("p", { class: "quiet" }, t("zone.no-risk")),
    risk?.counterfactual ? el("p", {}, t("zone.counterfactual", { level: t(`level.${LEVELS[risk.counterfactual.level] ?? risk.counterfactual.level}`), density: num(risk.counterfactual.density_people_per_m2) })) : null,
    risk?.missing_inputs?.length ? el("p", { class: "badge level-unknown" }, t("zone.missing", { inputs: risk.missing_inputs.map((one) => word("factor", one)).join(t("list.and")) })) : null,
    risk?.raw?.length ? el("table", {}, el("tbody", {}, risk.raw.map((one) => el("tr", {}, el("td", {}, word("raw", one.name)), el("td", { class: "num" }, num(one.value, 3)), el("td", {}, one.unit ?? ""))))) : null,
    el("p", { class: "quiet" }, t("zone.not-a-probability")),
  ]);
}

function drawLimits(now) {
  const known = described(now);
  const rows = LEVELS.filter((level) => known?.thresholds_people_per_m2?.[level] !== undefined);
  const lowered = now.tightened;
  const told = lowered && room.signals.get(`${now.site}/${lowered.signal}`);
  const stated = (level) => `≥ ${num(known.thresholds_people_per_m2[level])} ${t("unit.density")}`;
  return [el("h2", {}, t("zone.thresholds")), el("table", {}, el("tbody", {}, rows.map((level) =>
    el("tr", {}, el("td", {}, badge(level)), el("td", { class: "num" }, lowered ? [el("s", { class: "quiet" }, stated(level)), ` ≥ ${num(lowered.thresholds_people_per_m2[LEVELS.indexOf(level) - 1], 2)} ${t("unit.density")}`] : stated(level)))))),
  lowered ? el("p", { class: "badge level-yellow lowered" }, t("zone.lowered", { percent: num(lowered.factor * 100, 0), at: clock(lowered.until), why: told ? `${told.text} (${told.source})` : lowered.signal })) : null,
  el("p", { class: "quiet" }, t("zone.area", { area: num(known?.area_m2, 0), capacity: num(known?.capacity_people, 0) }))];
}
