// The two languages. Every word on a page comes from text/*.json; a key without a text shows itself and is an error.

import { learn } from "./said.js";

let words = {};
let language = "zh";

export const current = () => language;

/** Loads a language; the choice is remembered on this machine, so that the login page knows it too. */
export async function speak(wanted) {
  const chosen = wanted === "en" ? "en" : "zh";
  const answer = await fetch(`/text/${chosen}.json`);
  // Both at once: a page drawn in between would mix the languages.
  const known = await answer.json();
  if (chosen === "zh") await learn();
  words = known;
  language = chosen;
  document.documentElement.lang = language;
  localStorage.setItem("language", language);
}

/** The language to begin with. */
export const first = () => localStorage.getItem("language") ?? (navigator.language.startsWith("zh") ? "zh" : "en");

/** A text, with `{name}` filled in. */
export function t(key, fills = {}) {
  const text = words[key];
  if (text === undefined) {
    console.error(`no text for ${key} in ${language}`);
    return key;
  }
  return text.replaceAll(/\{(\w+)\}/g, (_, name) => fills[name] ?? "–");
}

/** A word of the wire's: its text where there is one, else itself. */
export const word = (group, value) => (value === null || value === undefined ? "–" : (words[`${group}.${value}`] ?? String(value)));

/** Whichever of a pair of texts is ours. */
export const pick = (pair) => (pair ? (pair[language] ?? pair.en ?? pair.zh ?? "") : "");

/** A number, or a dash where it is not known: never 0. */
export const num = (value, digits = 1) =>
  value === null || value === undefined || Number.isNaN(value) ? "–" : Number(value).toLocaleString(language, { minimumFractionDigits: digits, maximumFractionDigits: digits });

/** Seconds as people say them. */
export function span(secs) {
  if (secs === null || secs === undefined || Number.isNaN(secs)) return "–";
  const whole = Math.max(0, Math.round(secs));
  if (whole < 100) return t("span.secs", { n: whole });
  if (whole < 6000) return t("span.mins", { n: Math.floor(whole / 60), s: String(whole % 60).padStart(2, "0") });
  if (whole < 172_800) return t("span.hours", { n: Math.floor(whole / 3600), m: Math.floor((whole % 3600) / 60) });
  return t("span.days", { n: Math.floor(whole / 86_400) });
}

/** A time of day, with the date where it is not today. */
export function clock(at) {
  if (!at) return "–";
  const date = new Date(at);
  const today = date.toDateString() === new Date().toDateString();
  return today ? date.toLocaleTimeString(language, { hour12: false }) : date.toLocaleString(language, { hour12: false });
}
