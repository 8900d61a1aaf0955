// Levels as shape, word and colour: never colour alone.

import { el, svg } from "./dom.js";
import { t } from "./i18n.js";

/** Outlines in a box of 20: more corners, more danger. */
const SHAPES = {
  normal: () => svg("circle", { cx: 10, cy: 10, r: 6 }),
  blue: () => svg("rect", { x: 3.5, y: 3.5, width: 13, height: 13, rx: 1.5 }),
  yellow: () => svg("path", { d: "M10 2 19 17.5H1Z" }),
  orange: () => svg("path", { d: "M10 .8 19.2 10 10 19.2.8 10Z" }),
  red: () => svg("path", { d: "M6.2 1h7.6L19 6.2v7.6L13.8 19H6.2L1 13.8V6.2Z" }),
  unknown: () => svg("path", { d: "M2 2h16v16H2Z" }),
};

export function shape(level) {
  const picture = svg("svg", { viewBox: "0 0 20 20", class: `shape level-${level}`, "aria-hidden": "true" }, SHAPES[level]());
  if (level === "unknown" || level === "red") {
    const mark = svg("text", { x: 10, y: 14.6, "text-anchor": "middle" });
    mark.textContent = level === "red" ? "!" : "?";
    picture.append(mark);
  }
  return picture;
}

export const badge = (level) => el("span", { class: `badge level-${level}` }, shape(level), t(`level.${level}`));
export const LEVELS = ["normal", "blue", "yellow", "orange", "red"];
/** The page's colour of a level, for canvases. */
export const colour = (name) => getComputedStyle(document.documentElement).getPropertyValue(`--${name}`).trim();
