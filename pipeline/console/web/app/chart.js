// Charts over time: bands, thresholds drawn in, gaps where nothing is known.

import uPlot from "../vendor/uplot/uPlot.esm.js";
import { current, num } from "./i18n.js";
import { colour } from "./level.js";

/** `columns`: first times in unix seconds, then one a series; `series`: {label, colour, band?}; `thresholds` by level. */
export function chart(node, columns, series, thresholds = {}, height = 280) {
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
  const most = Math.max(...Object.values(thresholds), 0);
  const plot = new uPlot({
    width: Math.max(260, node.clientWidth), height,
    scales: { y: { range: (_, low, high) => [Math.min(0, low ?? 0), Math.max(most * 1.1, (high ?? 1) * 1.05, 1)] } },
    axes: [{ ...axis, values: (_, splits) => splits.map((at) => new Date(at * 1000).toLocaleTimeString(current(), { hour: "2-digit", minute: "2-digit", hour12: false })) }, axis],
    series: [{ value: (_, at) => (at ? new Date(at * 1000).toLocaleString(current(), { hour12: false }) : "–") }, ...series.map((one) => ({ label: one.label, stroke: one.colour, width: one.width ?? 2, spanGaps: false, points: { show: false }, value: (_, value) => num(value, 2) }))],
    bands: series.flatMap((one, index) => (one.bandTo ? [{ series: [index + 1, one.bandTo], fill: `${one.colour}33` }] : [])),
    hooks: { drawClear: [lines] },
  }, columns, node);
  const resized = new ResizeObserver(() => plot.setSize({ width: Math.max(260, node.clientWidth), height }));
  resized.observe(node);
  return { plot, remove: () => { resized.disconnect(); plot.destroy(); } };
}

/** Columns as CSV, an empty field where nothing is known. */
export const csv = (names, columns) =>
  [names.join(","), ...columns[0].map((_, row) => columns.map((column) => column[row] ?? "").join(","))].join("\n");
