// What programs say in English, in Chinese. Causes, reasons and receipts travel the bus in one language; what is not in
// the table is shown as it was said, which is better than nothing.

import { clock, current } from "./i18n.js";

let phrases = null;

/** Loads the table, once. */
export async function learn() {
  phrases ??= (await (await fetch("/text/said.zh.json")).json()).map(([said, zh]) => [new RegExp(said), zh]);
}

/** A sentence that a program said, in the language of the page, with the clock on the wall. */
export function said(sentence) {
  const text = (sentence ?? "").replaceAll(/\d{4}-\d\d-\d\dT[\d:.]+Z/g, (at) => clock(at));
  if (current() !== "zh") return text;
  for (const [pattern, zh] of phrases ?? []) {
    if (pattern.test(text)) return text.replace(pattern, zh);
  }
  return text;
}
