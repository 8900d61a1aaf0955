// What was: any zone over days, and today beside it.

import { get, path } from "./api.js";
import { chart } from "./chart.js";
import { el, put } from "./dom.js";
import { t } from "./i18n.js";
import { colour } from "./level.js";
import { described, room, watch } from "./live.js";

export function history(page) {
  const select = el("select", {});
  const days = el("select", {}, [1, 7, 30, 365].map((n) => el("option", { value: n }, n === 1 ? t("history.day") : t("history.days", { n }))));
  const box = el("section", { class: "panel chart" });
  let shown = null;
  const refresh = async () => {
    const zone = room.zones.get(select.value);
    if (!zone) return;
    const to = new Date();
    const from = new Date(to - Number(days.value) * 86_400_000);
    shown?.remove();
    shown = null;
    try {
      const { columns } = await get(`history/zones/${path(zone.site, zone.id)}?from=${from.toISOString()}&to=${to.toISOString()}&points=400`);
      put(box);
      shown = chart(box, [columns.at.map((at) => Date.parse(at) / 1000), columns.density_mean, columns.density_max], [{ label: t("zone.density"), colour: colour("accent") }, { label: t("zone.max"), colour: colour("orange") }], described(zone)?.thresholds_people_per_m2, [], 420);
    } catch (error) {
      put(box, el("p", { class: "quiet" }, error.status === 404 ? t("history.none") : error.message));
    }
  };
  for (const input of [select, days]) input.addEventListener("change", refresh);
  put(page, el("h1", {}, t("screen.history")), el("div", { class: "row end" }, el("label", {}, t("history.zone"), select), el("label", {}, t("history.span"), days), el("a", { class: "button", href: "#/report" }, t("screen.report"))), box);
  const fill = () => {
    if (select.options.length === room.zones.size) return;
    put(select, [...room.zones.values()].map((zone) => el("option", { value: `${zone.site}/${zone.id}` }, described(zone)?.name ?? zone.id)));
    refresh();
  };
  const off = watch(fill);
  fill();
  return () => { off(); shown?.remove(); };
}
