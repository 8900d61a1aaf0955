// The life of alarms: who answers, who goes, what was done, why it is over.

import { get, may, me, path, post } from "./api.js";
import { el, put, redraw } from "./dom.js";
import { clock, num, pick, span, t, word } from "./i18n.js";
import { badge } from "./level.js";
import { age, levelOf, nameOf, now, openAlarms, room, watch } from "./live.js";
import { attempt, question } from "./notices.js";
import { said } from "./said.js";

const STAGES = ["raised", "acknowledged", "assigned", "on_the_way", "arrived", "measures_taken", "closed"];
const addressOf = (alarm) => `#/alarms/${path(alarm.site, alarm.incident)}`;
const act = (alarm, what, body = {}) => attempt(() => post(`alarms/${path(alarm.site, alarm.incident)}/${what}`, body));

/** The 1-3-5 minutes of an alarm, counting. */
export function timers(alarm) {
  return el("div", { class: "timers" }, (alarm.timers ?? []).map((timer) => {
    const left = (Date.parse(timer.due_at) - now()) / 1000;
    const state = timer.met_at ? "met" : timer.missed || left < 0 ? "missed" : left < 20 ? "soon" : "";
    const text = timer.met_at ? `✓ ${span((Date.parse(timer.met_at) - Date.parse(alarm.raised_at)) / 1000)}` : left < 0 ? `✗ +${span(-left)}` : span(left);
    return el("span", { class: `timer ${state}` }, `${word("timer", timer.name)} ${timer.minutes}′ ${text}`);
  }));
}

/** The next step of an alarm: one button, in the order of the work. */
function nextStep(alarm) {
  const steps = { raised: "acknowledge", acknowledged: "on-the-way", assigned: "on-the-way", on_the_way: "arrived" };
  const step = steps[alarm.stage];
  if (!step || !may("operator")) return null;
  return el("button", { class: "primary big", "data-act": step, "data-focus": alarm.incident + step, on: { click: () => act(alarm, step) } }, t(`act.${step}`));
}

/** An alarm in the list beside the map. */
export function alarmCard(alarm) {
  const level = levelOf(alarm);
  return el("article", { class: `panel alarm leveled level-${level} ${alarm.stage === "raised" ? "unanswered" : ""}` },
    el("div", { class: "row" }, badge(level), el("a", { class: "title", href: addressOf(alarm), "data-focus": alarm.incident }, nameOf(alarm.site, "zones", alarm.zone)),
      alarm.drill ? el("span", { class: "drill" }, t("drill")) : null, alarm.escalated ? el("span", { class: "badge level-red" }, t("alarm.escalated")) : null,
      alarm.shelved_until ? el("span", { class: "tag" }, t("alarm.shelved", { at: clock(alarm.shelved_until) })) : null),
    el("div", {}, level === "unknown" ? t("alarm.unknown", { level: t(`level.${alarm.last_level}`) }) : `${word("kind", alarm.kind)} · ${num(alarm.density?.mean)} ${t("unit.density")} · ${t("wall.people", { n: num(alarm.people, 0) })}`),
    el("div", { class: "do" }, el("strong", {}, word("action", alarm.action)), el("div", { class: "quiet" }, pick(alarm.text))),
    timers(alarm),
    el("div", { class: "row" }, nextStep(alarm), el("span", { class: "quiet" }, `${word("stage", alarm.stage)} · ${t("alarm.since", { span: span(age(alarm.raised_at)) })}${alarm.assigned_to ? ` · ${alarm.assigned_to}` : ""}`)));
}

export function alarms(page, site_id, incident) {
  if (site_id === "performance") return performance(page);
  const list = el("div", { class: "listed" });
  const detail = el("div", { class: "listed" });
  const handovers = el("section", { class: "panel" });
  put(page, el("div", { class: "head" }, el("h1", {}, t("screen.alarms")), el("div", { class: "row" }, el("a", { class: "button", href: "#/alarms/performance" }, t("performance.title")))),
    el("div", { class: "split" }, list, detail), handovers);
  const draw = () => {
    const open = openAlarms();
    const chosen = incident ? room.alarms.get(`${site_id}/${incident}`) : open[0];
    redraw(list, open.map((alarm) => [alarm.incident, alarm.level, alarm.stage, Math.floor(age(alarm.raised_at))]), () => open.length ? open.map((alarm) =>
      el("a", { class: `panel leveled level-${levelOf(alarm)}`, href: addressOf(alarm), "data-focus": alarm.incident, "aria-current": alarm === chosen ? "true" : null },
        el("div", { class: "row" }, badge(levelOf(alarm)), el("strong", {}, nameOf(alarm.site, "zones", alarm.zone)), alarm.drill ? el("span", { class: "drill" }, t("drill")) : null),
        el("div", { class: "quiet" }, `${word("stage", alarm.stage)} · ${t("alarm.since", { span: span(age(alarm.raised_at)) })}`))) : el("p", { class: "panel quiet" }, t("situation.quiet")));
    redraw(detail, [chosen, Math.floor(now() / 1000)], () => (chosen ? drawDetail(chosen) : null));
  };
  const off = watch(draw);
  draw();
  drawHandovers(handovers);
  return off;
}

function drawDetail(alarm) {
  const stage = STAGES.indexOf(alarm.stage);
  const is_open = alarm.stage !== "closed";
  const zone = encodeURIComponent(alarm.zone);
  const button = (what, click, kind = "", disabled = false) => el("button", { class: kind, disabled, "data-act": what, "data-focus": what, on: { click } }, t(`act.${what}`));
  const ask = async (what, fields, is_danger) => {
    const answer = await question(t(`act.${what}`), fields, t(`act.${what}`), is_danger);
    if (answer) act(alarm, what, answer.minutes ? { ...answer, minutes: Number(answer.minutes) } : answer);
  };
  const text = { name: "text", label: t("alarm.text"), type: "text-long" };
  const others = openAlarms().filter((other) => other.site === alarm.site && other.incident !== alarm.incident).map((other) => [other.incident, nameOf(other.site, "zones", other.zone)]);
  const reasons = ["resolved", "false_alarm", "duplicate", "drill"].map((reason) => [t(`reason.${reason}`), t(`reason.${reason}`)]);
  return [
    el("section", { class: `panel alarm leveled level-${levelOf(alarm)}` },
      el("div", { class: "row" }, badge(levelOf(alarm)), el("h2", { style: { margin: 0 } }, nameOf(alarm.site, "zones", alarm.zone)), alarm.drill ? el("span", { class: "drill" }, t("drill")) : null),
      el("div", { class: "do" }, el("strong", {}, word("action", alarm.action)), el("div", {}, pick(alarm.text))),
      el("p", {}, `${word("kind", alarm.kind)} · ${num(alarm.density?.mean)} ${t("unit.density")} [${num(alarm.density?.lo)} – ${num(alarm.density?.hi)}] · ${t("zone.score")} ${num(alarm.score, 0)} · ${t("age", { span: span(age(alarm.updated_at)) })}`),
      el("ol", { class: "steps" }, STAGES.map((name, index) => el("li", { class: index < stage ? "past" : "", "aria-current": index === stage ? "step" : null }, word("stage", name)))),
      timers(alarm),
      is_open && may("operator") ? el("div", { class: "row" }, nextStep(alarm),
        button("assign", async () => ask("assign", [await whom()])), button("measures", () => ask("measures", [text])), button("comment", () => ask("comment", [text])),
        button("close", () => ask("close", [{ name: "reason", label: t("alarm.reason"), options: reasons }, text], true), "danger", Boolean(alarm.close_blocked))) : null,
      is_open && may("commander") ? el("div", { class: "row" },
        alarm.shelved_until ? button("unshelve", () => act(alarm, "unshelve")) : button("shelve", () => ask("shelve", [{ name: "minutes", label: t("alarm.minutes"), type: "number", value: 15 }, { name: "reason", label: t("alarm.reason") }])),
        others.length ? button("merge", () => ask("merge", [{ name: "into", label: t("alarm.into"), options: others }])) : null) : null,
      alarm.close_blocked && is_open ? el("p", { class: "quiet" }, t("alarm.close-blocked", { why: pick(alarm.close_blocked) })) : null,
      el("div", { class: "row" }, el("a", { href: `#/zone/${encodeURIComponent(alarm.site)}/${zone}` }, t("alarm.zone")), el("a", { href: "#/speakers" }, t("alarm.speak")), el("a", { href: "#/report" }, t("screen.report")))),
    el("section", { class: "panel" }, el("h2", {}, t("alarm.journal")), el("ul", { class: "journal", tabindex: 0 }, [...(alarm.journal ?? [])].reverse().map((entry) =>
      el("li", {}, el("time", { class: "quiet" }, clock(entry.at)), el("strong", {}, word("journal", entry.what)), el("span", {}, entry.by ?? ""), el("span", {}, said(entry.text ?? "")))))),
  ];
}

/** The question to whom something is given: one of the officers, oneself first. */
async function whom() {
  const officers = await get("officers").catch(() => []);
  const names = officers.map((officer) => [officer.user, officer.name]).sort(([a], [b]) => Number(b === me.user) - Number(a === me.user));
  return { name: "to", label: t("alarm.to"), ...(names.length ? { options: names } : {}) };
}

async function drawHandovers(node) {
  const list = await get("handovers").catch(() => []);
  const begin = async () => {
    const answer = await question(t("handover.begin"), [await whom(), { name: "text", label: t("alarm.text"), type: "text-long" }], t("handover.begin"));
    if (answer) { await attempt(() => post("handovers", answer), t("done")); drawHandovers(node); }
  };
  put(node, el("div", { class: "head" }, el("h2", {}, t("handover.title")), may("operator") ? el("button", { on: { click: begin } }, t("handover.begin")) : null),
    list.length ? el("ul", { class: "journal" }, list.map((one) => el("li", {}, el("time", { class: "quiet" }, clock(one.at)), el("strong", {}, `${one.by} → ${one.to}`), el("span", {}, one.text), one.alarms?.length ? el("span", { class: "tag" }, t("handover.alarms", { n: one.alarms.length })) : null,
      one.accepted_at ? el("span", { class: "badge level-normal" }, t("handover.accepted")) : may("operator") ? el("button", { on: { click: async () => { await attempt(() => post(`handovers/${path(one.id)}/accept`)); drawHandovers(node); } } }, t("handover.accept")) : null))) : el("p", { class: "quiet" }, t("handover.none")));
}

/** EEMUA 191: whether there are more alarms than people can answer. */
function performance(page) {
  attempt(() => get("alarm-performance")).then((figures) => {
    if (!figures) return;
    const load = figures.per_operator_per_10_min;
    const fact = (value, label, is_bad) => el("div", { class: "fact" }, el("b", { class: is_bad ? "badge level-red" : "" }, value), el("span", {}, label));
    const { answer } = figures;
    put(page, el("div", { class: "head" }, el("h1", {}, t("performance.title")), el("a", { class: "button", href: "#/alarms" }, t("screen.alarms"))),
      el("section", { class: "panel facts" },
        fact(num(load.mean, 2), t("performance.mean", { limit: load.limit_mean }), load.mean > load.limit_mean), fact(num(load.max, 0), t("performance.max", { limit: load.limit_peak }), load.max > load.limit_peak),
        [1, 3, 5].map((minutes) => fact(`${answer[`within_${minutes}_min`]} / ${minutes === 1 ? answer.count : (answer.count_to_go ?? answer.count)}`, t("performance.within", { n: minutes })))),
      el("section", { class: "panel" }, el("h2", {}, t("performance.chattering")), figures.chattering.length ? figures.chattering.map((one) => el("p", {}, `${nameOf(one.site, "zones", one.zone)} × ${one.times}`)) : el("p", { class: "quiet" }, t("none"))),
      el("section", { class: "panel" }, el("h2", {}, t("performance.stale")), figures.stale.length ? figures.stale.map((one) => el("p", {}, `${nameOf(one.site, "zones", one.zone)} · ${clock(one.raised_at)}`)) : el("p", { class: "quiet" }, t("none"))));
  });
  return () => {};
}
