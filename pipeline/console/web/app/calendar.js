// Days that are not like others: whoever plans is compared with days of the same kind only.

import { get, may, post, remove } from "./api.js";
import { el, put } from "./dom.js";
import { t, word } from "./i18n.js";
import { attempt, question } from "./notices.js";

const KINDS = ["holiday", "market", "event", "closure"];

/** Draws the calendar of a site between two days into a node; commanders change it. */
export async function calendar(node, site, from, to) {
  const again = () => calendar(node, site, from, to);
  const entries = await get(`calendar?${new URLSearchParams({ site, from, to })}`).catch(() => null);
  const add = async () => {
    const answer = await question(t("calendar.add"), [{ name: "date", label: t("calendar.date"), type: "date", value: from }, { name: "name", label: t("calendar.name") },
      { name: "kind", label: t("calendar.kind"), options: KINDS.map((kind) => [kind, word("day", kind)]) }, { name: "where", label: t("calendar.where"), options: [["here", t("calendar.here")], ["all", t("accounts.all")]] }], t("calendar.add"));
    if (!answer) return;
    const { where, ...entry } = answer;
    await attempt(() => post("calendar", where === "here" ? { ...entry, site } : entry), t("done"));
    again();
  };
  const drop = async (entry) => {
    const which = { date: entry.date, name: entry.name, ...(entry.site ? { site: entry.site } : {}) };
    await attempt(() => remove(`calendar?${new URLSearchParams(which)}`), t("done"));
    again();
  };
  put(node, el("div", { class: "head" }, el("h2", {}, t("calendar.title")), may("commander") && entries ? el("button", { "data-act": "calendar-add", on: { click: add } }, t("calendar.add")) : null),
    el("p", { class: "quiet" }, t("calendar.what")),
    entries?.length ? el("ul", { class: "journal", "data-calendar": site }, entries.map((entry) => el("li", {}, el("time", {}, entry.date), el("strong", {}, entry.name), el("span", { class: "tag" }, word("day", entry.kind)), entry.site ? null : el("span", { class: "quiet" }, t("calendar.everywhere")),
      may("commander") ? el("button", { class: "plain", "aria-label": t("calendar.remove", { name: entry.name }), on: { click: () => drop(entry) } }, "✕") : null))) : el("p", { class: "quiet" }, t("none")));
}
