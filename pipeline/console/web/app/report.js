// The report of a period and where to stand tomorrow, with the reasons.

import { get } from "./api.js";
import { calendar } from "./calendar.js";
import { el, put } from "./dom.js";
import { current, num, pick, span, t, word } from "./i18n.js";
import { LEVELS, badge } from "./level.js";
import { heat } from "./map.js";
import { table } from "./table.js";
import { room, watch } from "./live.js";

const DAY_MS = 86_400_000;
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
/** The day so many days from today, by this machine's clock on the wall. */
export const day = (offset) => new Date(Date.now() + offset * DAY_MS).toLocaleDateString("sv");
/** Names of the days of the week, Monday first: 1 January 2024 was one. */
const weekdays = () => HOURS.slice(0, 7).map((index) => new Date(2024, 0, 1 + index).toLocaleDateString(current(), { weekday: "short" }));

export function report(page) {
  const site = el("select", {});
  const from = el("input", { type: "date", value: day(-7) });
  const to = el("input", { type: "date", value: day(1) });
  const body = el("div", { class: "listed" });
  const downloads = el("div", { class: "row" });
  const advice = el("section", { class: "panel" });
  const days = el("section", { class: "panel" });
  const query = () => new URLSearchParams({ site: site.value, from: `${from.value}T00:00:00Z`, to: `${to.value}T00:00:00Z` }).toString();
  const refresh = async () => {
    if (!site.value) return;
    // A page that prints, tables for spreadsheets and for data analysis, and all of it for programs.
    put(downloads, ["html", "csv", "parquet", "json"].map((format) => el("a", { class: "button", href: `/api/v1/report?${query()}&format=${format}&language=${current()}&day=${day(1)}`, download: true }, format === "parquet" ? "Parquet" : format.toUpperCase())));
    calendar(days, site.value, from.value, day(60));
    const [found, told] = await Promise.all([get(`report?${query()}&format=json`).catch((error) => error), get(`deployment?site=${encodeURIComponent(site.value)}&date=${day(1)}`).catch((error) => error)]);
    if (page.dataset.screen !== "report") return;
    const missing = (error) => el("p", { class: "quiet" }, error.status === 404 ? t("history.none") : error.message);
    put(body, found instanceof Error ? el("section", { class: "panel" }, missing(found)) : [alarmsOf(found), found.zones.map(zoneOf), linesOf(found.lines)]);
    put(advice, el("h2", {}, t("report.deployment", { date: day(1) })), told instanceof Error ? missing(told) : adviceOf(told));
  };
  for (const input of [site, from, to]) input.addEventListener("change", refresh);
  put(page, el("h1", {}, t("screen.report")), el("div", { class: "row end" }, el("label", {}, t("situation.site"), site), el("label", {}, t("report.from"), from), el("label", {}, t("report.to"), to), downloads), advice, body, days);
  const fill = () => {
    if (site.options.length === room.sites.size) return;
    const chosen = site.value;
    put(site, [...room.sites.values()].map((one) => el("option", { value: one.id, selected: one.id === chosen }, one.name ?? one.id)));
    refresh();
  };
  const off = watch(fill);
  fill();
  return off;
}

const fact = (value, label) => el("div", { class: "fact" }, el("b", {}, value), el("span", {}, label));

/** Officers by zone and hour; a dash where too little is known. The reasons stand below, zone by zone. */
function adviceOf(told) {
  const officers = (hour) => el("td", { class: hour.officers === null ? "none" : hour.limit_inflow ? "limit" : "" }, num(hour.officers, 0), hour.limit_inflow ? " !" : "");
  const reasons = (zone) => el("details", {}, el("summary", {}, t("report.why", { zone: zone.name })),
    el("ul", {}, zone.hours.map((hour) => el("li", {}, el("strong", {}, `${hour.hour}:00 `), pick(hour.reason)))));
  return [
    el("p", {}, `${word("day", told.kind)} · ${pick(told.basis)}`),
    table(HOURS, [...told.zones.map((zone) => [zone.name, zone.hours.map(officers)]), [t("report.total"), told.totals.map((total) => el("td", { class: total.officers === null ? "none" : "" }, el("strong", {}, num(total.officers, 0))))]]),
    el("p", { class: "quiet" }, `${pick(told.formula)} ${t("report.limit")}`), told.zones.map(reasons), told.notes.map((note) => el("p", { class: "quiet" }, pick(note))),
  ];
}

function alarmsOf({ alarms, from, to, time_zone }) {
  const { answers } = alarms;
  return el("section", { class: "panel" }, el("h2", {}, t("screen.alarms")), el("p", { class: "quiet" }, `${dayOf(from)} – ${dayOf(to)} · ${time_zone}`),
    el("div", { class: "facts" }, LEVELS.slice(1).map((level, index) => el("div", { class: "fact" }, el("b", {}, num(alarms.by_level[index + 1], 0)), badge(level))),
      [["acknowledged", 1], ["on_the_way", 3], ["arrived", 5]].map(([step, minutes]) => fact(`${answers[`${step}_within_${minutes}_min`]} / ${answers.count}`, t("report.within", { step: word("stage", step), n: minutes })))));
}

/** A zone of the report: what it was like, and its density by weekday and hour. */
function zoneOf(zone) {
  const cell = (density) => {
    const [r, g, b, a] = density === null ? [0, 0, 0, 0] : heat(density);
    return el("td", { class: density === null ? "none" : a > 150 ? "strong" : "", style: { "background-color": `rgba(${r},${g},${b},${a / 255})` } }, num(density));
  };
  const names = weekdays();
  return el("section", { class: "panel" }, el("h2", {}, zone.name || zone.zone),
    el("div", { class: "facts" }, fact(`${num(zone.people_mean, 0)} / ${num(zone.people_max, 0)}`, t("report.people")), fact(`${num(zone.density_mean)} / ${num(zone.density_max)}`, t("report.density")),
      fact(zone.coverage === null ? "–" : `${num(zone.coverage * 100, 0)} %`, t("report.seen")), fact(span(zone.level_secs[3] + zone.level_secs[4]), t("report.high")), fact(span(zone.unknown_secs), t("report.unknown"))),
    el("h3", {}, t("report.week")), table(HOURS, zone.density_by_weekday_and_hour.map((row, index) => [names[index], row.map(cell)])),
    zone.peaks.length ? el("p", {}, t("report.peaks"), " ", zone.peaks.slice(0, 3).map((peak) => `${peak.date} ${clockOf(peak.minute_of_day)} (${t("wall.people", { n: num(peak.people, 0) })})`).join(" · ")) : null,
    zone.dwell.mean_minutes === null ? null : el("p", {}, t("report.dwell", { n: num(zone.dwell.mean_minutes) })));
}

const dayOf = (at) => new Date(at).toLocaleDateString(current());
const clockOf = (minute) => `${Math.floor(minute / 60)}:${String(minute % 60).padStart(2, "0")}`;

const linesOf = (lines) => (lines.length ? el("section", { class: "panel" }, el("h2", {}, t("report.lines")), el("table", {}, el("thead", {}, el("tr", {}, [t("report.line"), t("report.in"), t("report.out"), t("report.seen")].map((name) => el("th", {}, name)))),
  el("tbody", {}, lines.map((line) => el("tr", {}, el("td", {}, line.line), el("td", {}, num(line.in_people, 0)), el("td", {}, num(line.out_people, 0)), el("td", {}, `${num(line.coverage * 100, 0)} %`)))))) : null);
