// What happened, in a sentence; questions before what cannot be taken back.

import { el } from "./dom.js";
import { t } from "./i18n.js";

export function notice(what, is_good = false) {
  const node = el("div", { class: `notice ${is_good ? "" : "bad"}` }, what instanceof Error ? what.message : what);
  document.getElementById("notices").append(node);
  setTimeout(() => node.remove(), is_good ? 4000 : 9000);
}

/** Does something that may be refused, and says so where it is. */
export async function attempt(act, done) {
  try {
    const answer = await act();
    if (done) notice(done, true);
    return answer;
  } catch (error) {
    notice(error);
    return undefined;
  }
}

/** Asks for `fields` ({name, label, options?, boxes?, value?, type?, optional?}); answers with their values, or null. */
export function question(title, fields, confirm, is_danger = false) {
  return new Promise((resolve) => {
    const inputs = fields.map((field) => {
      if (field.boxes) {
        return el("fieldset", {}, el("legend", {}, field.label), field.boxes.map(([value, label]) =>
          el("label", { class: "row" }, el("input", { type: "checkbox", name: field.name, value, checked: field.value.includes(value) }), label)));
      }
      const shared = { name: field.name, required: !field.optional };
      const input = field.options
        ? el("select", shared, field.options.map(([value, label]) => el("option", { value }, label)))
        : field.type === "text-long" ? el("textarea", { ...shared, rows: 3 }) : el("input", { ...shared, type: field.type ?? "text" });
      if (field.value !== undefined) input.value = field.value;
      return el("label", {}, field.label, input);
    });
    let answer = null;
    const submit = (event) => {
      event.preventDefault();
      const given = new FormData(event.target);
      answer = Object.fromEntries(fields.map((field) => [field.name, field.boxes ? given.getAll(field.name) : given.get(field.name)]));
      dialog.close();
    };
    const dialog = el("dialog", { "aria-label": title, on: { close: () => { dialog.remove(); resolve(answer); } } },
      el("form", { on: { submit } }, el("h2", {}, title), inputs,
        el("div", { class: "row" }, el("button", { type: "submit", class: is_danger ? "danger big" : "primary big" }, confirm), el("button", { type: "button", on: { click: () => dialog.close() } }, t("dialog.back")))));
    document.body.append(dialog);
    dialog.showModal();
  });
}

export function shortcutsDialog() {
  const keys = [["1 … 9", "keys.screens"], ["a", "keys.acknowledge"], ["m", "keys.mute"], ["?", "keys.this"], ["Esc", "keys.back"]];
  const dialog = el("dialog", { "aria-label": t("bar.shortcuts"), on: { close: () => dialog.remove() } },
    el("h2", {}, t("bar.shortcuts")),
    el("table", {}, el("tbody", {}, keys.map(([key, text]) => el("tr", {}, el("td", {}, el("kbd", {}, key)), el("td", {}, t(text)))))),
    el("button", { on: { click: () => dialog.close() } }, t("dialog.back")));
  document.body.append(dialog);
  dialog.showModal();
}
