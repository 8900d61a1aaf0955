// What happens outside, and which thresholds are lowered by it for a while.

import { may, path, post } from "./api.js";
import { el } from "./dom.js";
import { clock, num, t, word } from "./i18n.js";
import { nameOf, room } from "./live.js";
import { attempt, notice, question } from "./notices.js";
import { said } from "./said.js";

const KINDS = ["weather", "road_closure", "flooding", "train_arrival", "event"];

/** A signal with its reason, the zones it tightens, and how it ends. */
export function signalTag(one) {
  const lowered = one.tightened.map((zone) => t("signal.lowered", { zone: nameOf(one.site, "zones", zone.zone), percent: num(zone.factor * 100, 0) }));
  const end = () => attempt(() => post(`signals/${path(one.site, one.id)}/end`, {}), t("done"));
  return el("span", { class: "tag signal", "data-signal": one.id, title: one.advice.map((said) => said[document.documentElement.lang] ?? said.en).join(" ") },
    el("strong", {}, word("signal", one.kind)), ` ${one.text} · ${t("signal.until", { at: clock(one.until) })} · ${one.source}`,
    lowered.length ? el("b", { class: "lowered" }, ` ↓ ${lowered.join(", ")}`) : null,
    one.is_in_force ? null : el("span", { class: "drill" }, t("signal.here-only")),
    may("operator") && one.source.startsWith("entered by ") ? el("button", { class: "plain", "aria-label": t("signal.end", { text: one.text }), on: { click: end } }, "✕") : null);
}

/** Asks an operator for one, and tells the site. */
export async function enterSignal(site_id) {
  const zones = room.sites.get(site_id)?.zones ?? [];
  const answer = await question(t("signal.enter"), [
    { name: "kind", label: t("signal.kind"), options: KINDS.map((kind) => [kind, word("signal", kind)]) },
    { name: "text", label: t("signal.why") },
    { name: "hours", label: t("signal.hours"), type: "number", value: "2" },
    { name: "percent", label: t("signal.percent"), type: "number", optional: true },
    { name: "zones", label: t("signal.zones"), boxes: zones.map((zone) => [zone.id, zone.name]), value: [] },
  ], t("signal.enter"));
  if (!answer) return;
  const hours = Number(answer.hours);
  const told = await attempt(() => post("signals", {
    site: site_id, kind: answer.kind, text: answer.text, zones: answer.zones,
    until: new Date(Date.now() + (hours || 0) * 3_600_000).toISOString(),
    ...(answer.percent ? { thresholds_factor: Number(answer.percent) / 100 } : {}),
  }));
  if (!told) return;
  if (told.is_told) notice(t("done"), true);
  else notice(t("signal.not-told", { why: said(told.why) }));
}
