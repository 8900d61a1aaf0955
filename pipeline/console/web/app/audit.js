// Who did what, in a chain that shows whether it was tampered with.

import { get } from "./api.js";
import { el, put } from "./dom.js";
import { clock, t, word } from "./i18n.js";
import { badge } from "./level.js";
import { attempt } from "./notices.js";

/** Details in a line: what is nested is left as it is. */
const inWords = (details) => Object.entries(details ?? {}).filter(([, value]) => value !== null && value !== "").map(([name, value]) => `${name}: ${typeof value === "object" ? JSON.stringify(value) : value}`).join(" · ");

export function audit(page) {
  Promise.all([attempt(() => get("audit?limit=200")), attempt(() => get("audit/verify"))]).then(([found, chain]) => {
    if (!found || page.dataset.screen !== "audit") return;
    const entries = Array.isArray(found) ? found : (found.entries ?? []);
    put(page, el("div", { class: "head" }, el("h1", {}, t("screen.audit")), chain ? el("span", { class: "row" }, badge(chain.intact ? "normal" : "red"), t(chain.intact ? "audit.intact" : "audit.broken", { n: chain.entries })) : null),
      el("section", { class: "panel scroll", tabindex: 0 }, el("table", {}, el("thead", {}, el("tr", {}, ["at", "by", "what", "detail"].map((name) => el("th", {}, t(`audit.${name}`))))),
        el("tbody", {}, entries.map((one) => el("tr", {}, el("td", {}, clock(one.at)), el("td", {}, one.by), el("td", {}, word("audited", one.event)), el("td", {}, inWords(one.details))))))));
  });
  return () => {};
}
