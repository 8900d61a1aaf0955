// What is known of the room: the whole once, then what changes. Silence for long enough is a lost connection, and says so.

import { get } from "./api.js";

const LISTS = ["sites", "zones", "lines", "cameras", "speakers", "alarms", "signals"];
/** The console pings every 5 s. */
const SILENCE_MS = 11_000;

export const room = Object.fromEntries(LISTS.map((list) => [list, new Map()]));
export const link = { ok: false, heard_ms: 0, ahead_ms: 0, since_ms: Date.now() };
const watchers = new Set();
let source = null;
let asked = false;

export const keyOf = (list, item) =>
  list === "sites" ? item.id : `${item.site}/${list === "alarms" ? item.incident : item.id}`;

/** Now, by the console's clock: the ages on the page do not trust this machine's. */
export const now = () => Date.now() + link.ahead_ms;
export const age = (at) => (at ? (now() - Date.parse(at)) / 1000 : null);

/** Calls `act` after each change, until the returned function is called. */
export function watch(act) {
  watchers.add(act);
  return () => watchers.delete(act);
}

let due = false;
export function tell() {
  if (due) return;
  due = true;
  requestAnimationFrame(() => {
    due = false;
    for (const act of [...watchers]) act();
  });
}

function take(part) {
  for (const list of LISTS) {
    for (const item of part[list] ?? []) {
      // What is over outside, and a zone that was taken out of its site's file, is nothing to be looked at.
      if (item.over || item.gone) room[list].delete(keyOf(list, item));
      else room[list].set(keyOf(list, item), item);
    }
  }
  for (const site of part.sites ?? []) if (site.gone) forget(site.id);
}

/** An exercise is over: nothing of it is left but its alarms. */
function forget(site) {
  room.sites.delete(site);
  for (const list of ["zones", "lines", "cameras", "speakers"]) {
    for (const [key, item] of room[list]) if (item.site === site) room[list].delete(key);
  }
}

function heard(at) {
  link.heard_ms = Date.now();
  if (at) link.ahead_ms = Date.parse(at) - Date.now();
  if (!link.ok) {
    link.ok = true;
    link.since_ms = Date.now();
  }
}

async function connect() {
  if (asked) return;
  asked = true;
  try {
    source?.close();
    const waiting = [];
    let is_whole = false;
    // Listening begins before the whole is read, so that nothing falls between.
    source = new EventSource("/api/v1/live");
    source.addEventListener("delta", (event) => {
      const delta = JSON.parse(event.data);
      heard(delta.at);
      if (is_whole) take(delta);
      else waiting.push(delta);
      tell();
    });
    source.addEventListener("ping", (event) => heard(JSON.parse(event.data || "{}").at));
    source.addEventListener("error", () => {
      source.close();
      lose();
    });
    const whole = await get("room");
    for (const list of LISTS) room[list].clear();
    take(whole);
    room.limits = whole.limits;
    room.version = whole.version;
    room.tiles = whole.tiles;
    for (const delta of waiting) if (delta.rev > whole.rev) take(delta);
    is_whole = true;
    heard(whole.at);
    tell();
  } catch {
    lose();
  } finally {
    asked = false;
  }
}

function lose() {
  if (link.ok) link.since_ms = Date.now();
  link.ok = false;
  link.retry_ms = Date.now() + 2000;
  tell();
}

/** Begins to listen, and to look once a second whether the console still speaks. */
export function start() {
  connect();
  setInterval(() => {
    if (link.ok && Date.now() - link.heard_ms > SILENCE_MS) {
      source?.close();
      lose();
    } else if (!link.ok && Date.now() > (link.retry_ms ?? 0)) connect();
    tell();
  }, 1000);
}

// What pages ask of it.
export const site = (id) => room.sites.get(id);
export const described = (zone) => site(zone.site)?.zones?.find((known) => known.id === zone.id);
export const nameOf = (site_id, list, id) => site(site_id)?.[list]?.find((known) => known.id === id)?.name || id;
export const openAlarms = () =>
  [...room.alarms.values()].filter((alarm) => alarm.stage !== "closed").sort((a, b) => a.risk_rank - b.risk_rank);
const WEIGHT = { red: 5, unknown: 4.5, orange: 4, yellow: 3, blue: 2, normal: 1 };
export const levelOf = (thing) => thing.level ?? "unknown";
export const rankedZones = () =>
  [...room.zones.values()].sort((a, b) => WEIGHT[levelOf(b)] - WEIGHT[levelOf(a)] || (b.score ?? 0) - (a.score ?? 0) || a.id.localeCompare(b.id));
