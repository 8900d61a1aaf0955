// Lines across which people are counted: the zone that one bounds, and which way is "in".

import { t } from "../i18n.js";
import { crossing, sideOf } from "../line.js";
import { cornersTool } from "./corners.js";

const SIDES = ["left", "right"];

export function linesTool(desk) {
  const zones = () => desk.site().zones;
  /** The side that is "in" where none is stated: null where the zone tells none. */
  const implied = (points, zone) => (zone ? sideOf(points, zones().find((known) => known.id === zone)?.outline_in_ground_m ?? []) : "left");
  return cornersTool(desk, {
    name: "line",
    least: 2,
    things: () => desk.site().lines,
    cornersOf: (line) => line.points_in_ground_m,
    outline: (points) => points,
    crossing: (points, { zone, inside }) => crossing(points, inside || implied(points, zone)),
    blank: (line) => ({ zone: line?.zone ?? "", inside: line && line.inside !== implied(line.points_in_ground_m, line.zone) ? (line.inside ?? "") : "" }),
    inputs: (field) => [
      field("zone", t("calibrate.line-zone"), [["", t("none")], ...zones().map((zone) => [zone.id, zone.name])], { required: false }),
      field("inside", t("calibrate.line-inside"), ["", ...SIDES].map((side) => [side, t(`calibrate.line-inside-${side || "implied"}`)]), { required: false }),
    ],
    change: (id, points_in_ground_m, { id: new_id, name, zone, inside }) => {
      const line = { id: id ?? new_id, name, points_in_ground_m, zone: zone || null, inside: inside || null };
      return id ? { line } : { new_line: line };
    },
    takeOut: (line) => ({ change: { removed_line: { line: line.id } }, goes: [t("calibrate.goes-line", { line: line.name }), t("calibrate.goes-line-history")] }),
  });
}
