// A table with a name to each row and a heading to each column; wide ones scroll in themselves.

import { el } from "./dom.js";

export const table = (head, rows) => el("div", { class: "scroll", tabindex: 0 }, el("table", { class: "heat" }, el("thead", {}, el("tr", {}, el("th"), head.map((name) => el("th", { scope: "col" }, String(name))))),
  el("tbody", {}, rows.map(([name, cells]) => el("tr", {}, el("th", { scope: "row" }, name), cells)))));
