// Where the danger is, why, and what to do: the map, the alarms by risk, the zones.

import { el, put, redraw } from "./dom.js";
import { num, span, t, word } from "./i18n.js";
import { alarmCard } from "./alarms.js";
import { may } from "./api.js";
import { badge, shape } from "./level.js";
import { age, described, levelOf, nameOf, openAlarms, rankedZones, room, watch } from "./live.js";
import { GroundMap, heat } from "./map.js";
import { enterSignal, signalTag } from "./signals.js";

const LAYERS = ["plan", "heat", "zones", "lines", "flow", "footprints", "cameras", "speakers"];

export function situation(page) {
  const headline = el("h1", { class: "headline" });
  const box = el("div", { class: "mapbox" });
  const side = el("section", { class: "side", "aria-label": t("situation.alarms"), tabindex: 0 });
  const strip = el("section", { class: "strip", "aria-label": t("situation.zones") });
  const signals = el("section", { class: "row", "aria-label": t("situation.signals") });
  put(page, headline, signals, el("div", { class: "situation" }, box, side), strip);
  let map = null;
  let chosen = null;
  let under = [];

  const choose = (site_id) => {
    map?.remove();
    chosen = site_id;
    under = underlayOf(site_id);
    const node = el("div", { class: "map", role: "region", "aria-label": t("situation.map") });
    const layers = el("div", { class: "layers" },
      room.sites.size > 1 ? el("select", { "aria-label": t("situation.site"), on: { change: (event) => choose(event.target.value) } },
        [...room.sites.values()].map((site) => el("option", { value: site.id, selected: site.id === chosen }, site.name ?? site.id))) : null,
      LAYERS.filter((name) => name !== "plan" || under.length > 0).map((name) => {
        const button = el("button", { "aria-pressed": "true", on: { click: () => {
          const is_on = button.getAttribute("aria-pressed") !== "true";
          button.setAttribute("aria-pressed", String(is_on));
          map.toggle(name, is_on);
        } } }, t(`layer.${name}`));
        return button;
      }));
    put(box, node, layers, scale(), under.includes("tiles") && room.tiles.credit ? el("div", { class: "credit" }, room.tiles.credit) : null);
    map = new GroundMap(node, site_id, (zone) => { location.hash = `#/zone/${encodeURIComponent(site_id)}/${encodeURIComponent(zone)}`; });
    map.draw();
    map.refreshHeat();
  };

  const draw = () => {
    const zones = rankedZones();
    const alarms = openAlarms();
    if (room.sites.size && !room.sites.has(chosen)) choose(alarms[0]?.site ?? [...room.sites.keys()][0]);
    // A site may be heard of before it says what it is.
    else if (chosen && underlayOf(chosen).length !== under.length) choose(chosen);
    map?.draw();
    drawHeadline(headline, zones, alarms);
    const told = [...room.signals.values()];
    signals.hidden = told.length === 0 && !may("operator");
    redraw(signals, [told, chosen], () => [told.map(signalTag), may("operator") && chosen ? el("button", { "data-act": "signal", on: { click: () => enterSignal(chosen) } }, t("signal.enter")) : null]);
    redraw(side, alarms.map((alarm) => [alarm, Math.floor(age(alarm.raised_at))]), () =>
      alarms.length ? alarms.map((alarm) => alarmCard(alarm)) : el("p", { class: "panel quiet" }, t("situation.quiet")));
    redraw(strip, zones.map((zone) => [zone, Math.floor(age(zone.captured_at) ?? -1)]), () => zones.map(tile));
  };
  const off = watch(draw);
  draw();
  const timer = setInterval(() => map?.refreshHeat(), 2000);
  return () => { off(); clearInterval(timer); map?.remove(); };
}

/** What lies under the map of a site. */
function underlayOf(site_id) {
  const site = room.sites.get(site_id);
  return [site?.plan ? "plan" : null, site?.place && room.tiles ? "tiles" : null].filter(Boolean);
}

function drawHeadline(node, zones, alarms) {
  const dark = zones.filter((zone) => levelOf(zone) === "unknown");
  const heard = alarms.filter((alarm) => !alarm.shelved_until);
  const worst = heard.find((alarm) => alarm.level !== "normal");
  // A zone may be above its thresholds before its alarm is heard, or while it is shelved.
  const high = zones.find((zone) => !["normal", "unknown"].includes(levelOf(zone)));
  redraw(node, [worst?.incident, worst?.level, worst?.action, high?.id, high?.level, heard.length, dark.length, zones.length], () => {
    const line = (level, text) => el("span", { class: `badge level-${level}` }, shape(level), text);
    const named = worst && { zone: nameOf(worst.site, "zones", worst.zone), level: t(`level.${worst.level ?? worst.last_level}`) };
    const all_dark = dark.length === zones.length;
    return [
      worst ? line(levelOf(worst), t(worst.level ? "situation.worst" : "situation.lost", named))
        // No data is never safe, and nothing heard is no data.
        : high ? line(high.level, t("situation.worst", { zone: nameOf(high.site, "zones", high.id), level: t(`level.${high.level}`) }))
        : all_dark ? line("unknown", t(zones.length ? "situation.all-dark" : "situation.no-site"))
        : line("normal", heard.length ? t("situation.over", { n: heard.length }) : t("situation.none")),
      worst?.drill ? el("span", { class: "drill" }, t("drill")) : null,
      worst ? el("small", {}, word("action", worst.action)) : null,
      dark.length && !(all_dark && !worst) ? line("unknown", t("situation.dark", { n: dark.length })) : null,
    ];
  });
}

function tile(zone) {
  const level = levelOf(zone);
  const trend = zone.trend_per_min;
  const is_known = level !== "unknown";
  return el("a", { class: `panel leveled level-${level}`, href: `#/zone/${encodeURIComponent(zone.site)}/${encodeURIComponent(zone.id)}`, "data-focus": `${zone.site}/${zone.id}` },
    el("span", { class: "row" }, badge(level), el("strong", {}, described(zone)?.name ?? zone.id), zone.drill ? el("span", { class: "drill" }, t("drill")) : null),
    el("span", { class: "value" }, num(zone.density?.mean), is_known ? [" ", el("small", {}, t("unit.density")), " ", el("small", {}, `[${num(zone.density?.lo)} – ${num(zone.density?.hi)}]`)] : null),
    el("span", {}, is_known
      ? `${trend > 0.05 ? "↗" : trend < -0.05 ? "↘" : "→"} ${t("zone.changes", { n: num(trend) })}${zone.secs_to_red !== null && zone.secs_to_red !== undefined && level !== "red" ? ` · ${t("zone.to-red", { span: span(zone.secs_to_red) })}` : ""}`
      : t("zone.last", { level: zone.last_level ? t(`level.${zone.last_level}`) : "–" })),
    el("span", { class: "quiet" }, zone.captured_at ? t("age", { span: span(age(zone.captured_at)) }) : t("zone.never"), zone.calibrated === false ? ` · ${t("zone.uncalibrated")}` : ""));
}

function scale() {
  const canvas = el("canvas", { width: 160, height: 1, "aria-hidden": "true" });
  const context = canvas.getContext("2d");
  for (let x = 0; x < 160; x += 1) {
    const [r, g, b, a] = heat((x / 160) * 7);
    context.fillStyle = `rgba(${r},${g},${b},${Math.max(a, 30) / 255})`;
    context.fillRect(x, 0, 1, 1);
  }
  return el("div", { class: "scale" }, t("unit.density"), canvas, el("div", {}, [0, 2, 4, 7].map((n) => el("span", {}, String(n)))));
}
