// Loudspeakers: say, confirm, stop, and whether it worked. Stopping is always in sight.

import { may, path, post } from "./api.js";
import { el, put, redraw } from "./dom.js";
import { clock, num, pick, span, t, word } from "./i18n.js";
import { badge } from "./level.js";
import { age, nameOf, openAlarms, room, site, watch } from "./live.js";
import { attempt, question } from "./notices.js";
import { said } from "./said.js";

export function speakers(page) {
  const grid = el("div", { class: "cards wide" });
  put(page, el("h1", {}, t("screen.speakers")), grid);
  const draw = () => {
    const all = [...room.speakers.values()];
    redraw(grid, all.map((speaker) => [speaker, Math.floor(age(speaker.receipts?.at(-1)?.published_at) ?? -1)]), () => all.length ? all.map(card) : el("p", { class: "panel quiet" }, t("speaker.none")));
  };
  const off = watch(draw);
  draw();
  return off;
}

function card(speaker) {
  const known = site(speaker.site)?.speakers?.find((one) => one.id === speaker.id);
  // A site file may give the words; those of the library that ships with the program are known here.
  const words = (id) => pick(known?.announcements?.find((one) => one.id === id)) || word("announcement", id);
  const sayable = [...new Set([...(known?.announcements ?? []).map((one) => one.id), ...(speaker.announcements ?? [])])];
  const send = (what, body) => attempt(() => post(`speakers/${path(speaker.site, speaker.id)}/${what}`, body), t("done"));
  const alarm = openAlarms().find((one) => one.site === speaker.site && (known?.zones ?? []).includes(one.zone));
  const speak = async () => {
    const answer = await question(t("speaker.speak"), [
      { name: "announcement", label: t("speaker.announcement"), options: sayable.map((id) => [id, words(id)]) },
      { name: "repeats", label: t("speaker.repeats"), type: "number", value: 1 }], t("speaker.speak"));
    if (answer) send("speak", { announcement: answer.announcement, repeats: Number(answer.repeats), incident: alarm?.incident ?? null });
  };
  const is_good = speaker.alive;
  return el("article", { class: `panel leveled level-${is_good ? "normal" : "unknown"} listed` },
    el("div", { class: "head" }, el("h2", { style: { margin: 0 } }, nameOf(speaker.site, "speakers", speaker.id)), el("strong", {}, is_good ? word("speaker", speaker.state) : badge("unknown")), speaker.drill ? el("span", { class: "drill" }, t("drill")) : null),
    speaker.detail ? el("p", { class: "quiet" }, said(speaker.detail)) : null,
    el("p", { class: "quiet" }, t("speaker.zones", { zones: (known?.zones ?? []).map((zone) => nameOf(speaker.site, "zones", zone)).join(t("list.and")) })),
    (speaker.pending ?? []).map((one) => el("div", { class: "panel leveled level-orange" }, el("strong", {}, t("speaker.waits")), el("p", {}, words(one.announcement)), el("p", { class: "quiet" }, said(one.needs)),
      may("operator") ? el("button", { class: "primary big", "data-act": "confirm", "data-focus": one.command_id, on: { click: () => send("confirm", { command_id: one.command_id }) } }, t("speaker.confirm")) : null)),
    may("operator") ? el("div", { class: "row" }, el("button", { class: "big", "data-act": "speak", "data-focus": `${speaker.id}speak`, disabled: !sayable.length, on: { click: speak } }, t("speaker.speak")),
      el("button", { class: "danger big", "data-act": "abort", "data-focus": `${speaker.id}abort`, on: { click: () => send("abort") } }, t("speaker.abort"))) : null,
    speaker.effect ? effect(speaker.effect, words) : null,
    el("h3", {}, t("speaker.receipts")),
    el("ul", { class: "journal", tabindex: 0 }, (speaker.receipts ?? []).map((one) => el("li", { "data-outcome": one.outcome }, el("time", { class: "quiet" }, clock(one.published_at)), el("strong", {}, word("outcome", one.outcome)), el("span", {}, words(one.announcement)), el("span", { class: "quiet" }, said(one.reason))))));
}

/** Did it work: before and after, and what to do next. */
function effect(one, words) {
  const good = { helped: "normal", no_change: "yellow", worse: "red", unknown: "unknown" };
  const change = (name, unit, values) => (values ? el("div", {}, `${t(name)}: ${num(values.before)} → ${num(values.after)} ${t(unit)} [${num(values.difference_lo)} … ${num(values.difference_hi)}]`) : null);
  return el("div", { class: `panel leveled level-${good[one.verdict] ?? "unknown"}`, "data-effect": one.verdict }, el("strong", {}, `${t("effect.title")} ${word("verdict", one.verdict)}`), el("p", { class: "quiet" }, words(one.announcement)),
    change("zone.density", "unit.density", one.density_people_per_m2), change("effect.inflow", "unit.rate", one.net_inflow_people_per_s), change("zone.speed", "unit.speed", one.speed_m_per_s),
    el("p", {}, t("effect.advice"), " ", el("strong", {}, word("advice", one.advice))));
}
