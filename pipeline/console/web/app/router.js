// Which screen stands behind which address. A screen is a function that draws into a node and says how to leave it.

import { put } from "./dom.js";
import { accounts } from "./accounts.js";
import { alarms } from "./alarms.js";
import { audit } from "./audit.js";
import { calibrate } from "./calibrate.js";
import { drill } from "./drill.js";
import { evidence } from "./evidence.js";
import { health } from "./health.js";
import { history } from "./history.js";
import { report } from "./report.js";
import { situation } from "./situation.js";
import { speakers } from "./speakers.js";
import { wall } from "./wall.js";
import { zone } from "./zone.js";

const screen = (name, show, role, key) => ({ name, show, role, key, listed: key !== null });
export const SCREENS = [
  screen("situation", situation, "viewer", "1"),
  screen("wall", wall, "viewer", "2"),
  screen("alarms", alarms, "viewer", "3"),
  screen("speakers", speakers, "viewer", "4"),
  screen("history", history, "viewer", "5"),
  screen("report", report, "viewer", "6"),
  screen("health", health, "viewer", "7"),
  screen("drill", drill, "commander", "8"),
  screen("calibrate", calibrate, "commander", "9"),
  screen("accounts", accounts, "administrator", "0"),
  screen("audit", audit, "commander", "-"),
  screen("evidence", evidence, "commander", "e"),
  screen("zone", zone, "viewer", null),
];

const parts = () => location.hash.replace(/^#\/?/, "").split("/").map(decodeURIComponent);
export const screenName = () => (SCREENS.some((known) => known.name === parts()[0]) ? parts()[0] : "situation");

let leave = null;
let shown = null;

/** Shows the screen of the address; with `again` also where it stands already. */
export function follow(again = false) {
  if (shown === location.hash && !again) return;
  shown = location.hash;
  leave?.();
  const page = document.getElementById("page");
  put(page);
  page.dataset.screen = screenName();
  leave = SCREENS.find((known) => known.name === screenName()).show(page, ...parts().slice(1));
}
