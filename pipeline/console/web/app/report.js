// The report of a period and where to stand tomorrow, with the reasons.

import { get } from "./api.js";
import { el, put } from "./dom.js";
import { current, num, pick, t } from "./i18n.js";
import { heat } from "./map.js";
import { room, watch } from "./live.js";

const day = (offset) => new Date(Date.now() + offset * 86_400_000).toISOString().slice(0, 10);

export function report(page) {
  const site = el("select", {});
  const from = el("input", { type: "date", value: day(-7) });
  const to = el("input", { type: "date", value: day(1) });
  const body = el("div", { class: "listed" });
  const downloads = el("div", { class: "row" });
  const advice = el("section", { class: "panel" });
  const query = () => new URLSearchParams({ site: site.value, from: `${from.value}T00:00:00Z`, to: `${to.value}T00:00:00Z` }).toString();
  const refresh = async () => {
    if (!site.value) return;
    // A page that prints, tables for spreadsheets and for data analysis, and all of it for programs.
    put(downloads, ["html", "csv", "parquet", "json"].map((format) => el("a", { class: "button", href: `/api/v1/report?${query()}&format=${format}&language=${current()}&day=${day(1)}`, download: true }, format === "parquet" ? "Parquet" : format.toUpperCase())));
    const [found, told] = await Promise.all([get(`report?${query()}&format=json`).catch((error) => error), get(`deployment?site=${encodeURIComponent(site.value)}&date=${day(1)}`).catch((error) => error)]);
    if (page.dataset.screen !== "report") return;
    put(body, found instanceof Error ? el("p", { class: "panel quiet" }, found.status === 404 ? t("history.none") : found.message) : (found.zones ?? []).map(zoneOf));
    put(advice, el("h2", {}, t("report.deployment", { date: day(1) })), told instanceof Error ? el("p", { class: "quiet" }, told.status === 404 ? t("history.none") : told.message) : tree(told));
  };
  for (const input of [site, from, to]) input.addEventListener("change", refresh);
  put(page, el("h1", {}, t("screen.report")), el("div", { class: "row end" }, el("label", {}, t("situation.site"), site), el("label", {}, t("report.from"), from), el("label", {}, t("report.to"), to), downloads), advice, body);
  const fill = () => {
    if (site.options.length === room.sites.size) return;
    put(site, [...room.sites.values()].map((one) => el("option", { value: one.id }, one.name ?? one.id)));
    refresh();
  };
  const off = watch(fill);
  fill();
  return off;
}

/** A zone of the report: its hours by weekday as a table of heat where the report holds them, and all its figures. */
function zoneOf(zone) {
  const hours = zone.density_by_weekday_and_hour;
  return el("section", { class: "panel scroll", tabindex: 0 }, el("h2", {}, zone.name ?? zone.zone ?? zone.id),
    Array.isArray(hours) && Array.isArray(hours[0]) ? el("table", { class: "heat" }, el("tbody", {}, hours.map((row) => el("tr", {}, row.map((density) => {
      const [r, g, b, a] = density === null ? [0, 0, 0, 0] : heat(density);
      return el("td", { class: density === null ? "none" : "", style: { "background-color": `rgba(${r},${g},${b},${a / 255})` } }, num(density));
    }))))) : tree(zone));
}

/** Figures as they were given, so that nothing is left out. */
function tree(value) {
  if (value === null || typeof value !== "object") return el("span", {}, typeof value === "number" ? num(value, Number.isInteger(value) ? 0 : 2) : String(value ?? "–"));
  if (value.zh && value.en) return el("span", {}, pick(value));
  return el("table", {}, el("tbody", {}, Object.entries(value).slice(0, 200).map(([name, inner]) => el("tr", {}, el("th", { scope: "row" }, name), el("td", {}, tree(inner))))));
}
