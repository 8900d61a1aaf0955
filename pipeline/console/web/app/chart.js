// Charts over time: bands, thresholds drawn in, gaps where nothing is known.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { current, num, t } from "./i18n.js";
import { colour } from "./level.js";

/** How a time is written on an axis of so many seconds: with the day where there is more than one. */
function timeOn(length_secs) {
  const of_day = { hour: "2-digit", minute: "2-digit", hour12: false };
  const form = length_secs < 86_400 ? of_day : { month: "numeric", day: "numeric", ...(length_secs < 6 * 86_400 ? { hour: "2-digit", hour12: false } : {}) };
  return (at) => new Date(at * 1000).toLocaleString(current(), form);
}

/** `columns`: first times in unix seconds, then one a series; `series`: {label, colour, band?}; `thresholds` by level; `spans` {from, to, label} lie
 * behind the lines. */
export function chart(node, columns, series, thresholds = {}, spans = [], height = 280) {
  const axis = { stroke: colour("quiet"), grid: { stroke: colour("line"), width: 1 }, ticks: { stroke: colour("line") } };
  const lines = (plot) => {
    const { ctx: context, bbox } = plot;
    for (const [level, density] of Object.entries(thresholds)) {
      const y = plot.valToPos(density, "y", true);
      if (y < bbox.top || y > bbox.top + bbox.height) continue;
      context.save();
      context.strokeStyle = colour(level);
      context.setLineDash([6, 4]);
      context.lineWidth = 2;
      context.beginPath();
      context.moveTo(bbox.left, y);
      context.lineTo(bbox.left + bbox.width, y);
      context.stroke();
      context.restore();
    }
  };
  const behind = (plot) => {
    const { ctx: context, bbox } = plot;
    context.save();
    context.beginPath();
    context.rect(bbox.left, bbox.top, bbox.width, bbox.height);
    context.clip();
    context.font = `${12 * devicePixelRatio}px system-ui, sans-serif`;
    spans.forEach((span, index) => {
      const [left, right] = [span.from, span.to].map((at) => plot.valToPos(at, "x", true));
      context.fillStyle = `${colour("yellow")}22`;
      context.fillRect(left, bbox.top, right - left, bbox.height);
      context.fillStyle = colour("ink");
      context.fillText(span.label, Math.max(left, bbox.left) + 6, bbox.top + (16 + (index % 4) * 16) * devicePixelRatio);
    });
    context.restore();
  };
  const most = Math.max(...Object.values(thresholds), 0);
  const plot = new uPlot({
    width: Math.max(260, node.clientWidth), height,
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(most * 1.1, (high ?? 1) * 1.05, 1)] } },
    axes: [{ ...axis, values: (_, splits) => splits.map(timeOn(splits.at(-1) - splits[0])) }, axis],
    series: [{ label: t("audit.at"), value: (_, at) => (at ? new Date(at * 1000).toLocaleString(current(), { hour12: false }) : "–") }, ...series.map((one) => ({ label: one.label, stroke: one.colour, width: one.width ?? 2, spanGaps: false, points: { show: false }, value: (_, value) => num(value, 2) }))],
    bands: series.flatMap((one, index) => (one.bandTo ? [{ series: [index + 1, one.bandTo], fill: `${one.colour}33` }] : [])),
    hooks: { drawClear: [behind, lines] },
  }, columns, node);
  const resized = new ResizeObserver(() => plot.setSize({ width: Math.max(260, node.clientWidth), height }));
  resized.observe(node);
  return { plot, remove: () => { resized.disconnect(); plot.destroy(); } };
}

/** What a chart shows as a picture that stands alone: a title, the names of the lines, a ground to be read on. */
export function pictureOf({ plot }, title) {
  const { canvas } = plot.ctx;
  const unit = canvas.width / plot.width;
  const head = 52 * unit;
  const picture = document.createElement("canvas");
  [picture.width, picture.height] = [canvas.width, canvas.height + head];
  const context = picture.getContext("2d");
  context.fillStyle = colour("panel");
  context.fillRect(0, 0, picture.width, picture.height);
  context.drawImage(canvas, 0, head);
  const text = (words, x, y, ink, weight = "") => {
    context.font = `${weight} ${14 * unit}px system-ui, sans-serif`;
    context.fillStyle = ink;
    context.fillText(words, x, y);
    return x + context.measureText(words).width + 18 * unit;
  };
  text(title, 10 * unit, 20 * unit, colour("ink"), "bold");
  plot.series.slice(1).reduce((x, one) => text(`— ${one.label}`, x, 42 * unit, one.stroke()), 10 * unit);
  return picture;
}

/** Columns as CSV, an empty field where nothing is known. */
export const csv = (names, columns) =>
  [names.join(","), ...columns[0].map((_, row) => columns.map((column) => column[row] ?? "").join(","))].join("\n");
