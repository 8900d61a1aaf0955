// Zones: their profile, capacity and ring, and what goes with one that is taken out.

import { get, path } from "../api.js";
import { num, t, word } from "../i18n.js";
import { LEVELS } from "../level.js";
import { openAlarms } from "../live.js";
import { notice } from "../notices.js";
import { closed, cornersTool } from "./corners.js";

const RINGS = ["core", "district", "periphery"];

export function zonesTool(desk) {
  let profiles = {};
  const profileLabel = ([id, levels]) => [id, `${word("profile", id)} (${LEVELS.slice(1).map((level) => num(levels[level])).join(" / ")} ${t("unit.density")})`];
  const boundBy = (zone) => desk.site().lines.filter((line) => line.zone === zone.id);
  return cornersTool(desk, {
    name: "zone",
    least: 3,
    things: () => desk.site().zones,
    cornersOf: (zone) => zone.outline_in_ground_m,
    outline: closed,
    blank: (zone) => (zone ? { named_by: "is_freed" } : { profile: "street_flat", capacity_people: "", ring: "" }),
    inputs: (field, zone) => {
      if (!zone) {
        return [
          field("profile", t("calibrate.zone-profile"), Object.entries(profiles).map(profileLabel)),
          field("capacity_people", t("calibrate.zone-capacity_people"), null, { type: "number", min: 1, max: 10_000_000, step: 1 }),
          field("ring", t("calibrate.zone-ring"), [["", t("none")], ...RINGS.map((ring) => [ring, t(`ring.${ring}`)])], { required: false }),
        ];
      }
      const lines = boundBy(zone).map((line) => line.name).join(t("list.and"));
      return lines ? field("named_by", t("calibrate.zone-lines", { lines }), ["is_freed", "goes_too"].map((what) => [what, t(`calibrate.line-${what}`)])) : null;
    },
    change: (id, outline_in_ground_m, { id: new_id, name, profile, capacity_people, ring }) => (id
      ? { zones: { zones: [{ id, name, outline_in_ground_m }] } }
      : { new_zone: { id: new_id, name, outline_in_ground_m, profile, capacity_people: Number(capacity_people), ring: ring || null } }),
    takeOut: (zone, { named_by }) => {
      const alarms = openAlarms().filter((alarm) => alarm.site === desk.site_id && alarm.zone === zone.id).length;
      const goes = [t("calibrate.goes-zone", { zone: zone.name }), alarms ? t("calibrate.goes-alarms", { n: alarms }) : t("calibrate.goes-no-alarm"), t("calibrate.goes-incident"), t("calibrate.goes-history")];
      return { change: { removed_zone: { zone: zone.id, named_by } }, goes };
    },
    enter: (redraw) => get(`sites/${path(desk.site_id)}/profiles`).then((found) => { profiles = found; redraw(); }).catch(notice),
  });
}
