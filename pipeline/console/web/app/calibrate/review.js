// A change of the site file before it is made, and those that were made: what, who, when, and back.

import { get, path, post } from "../api.js";
import { el, put } from "../dom.js";
import { clock, t } from "../i18n.js";
import { nameOf } from "../live.js";
import { attempt } from "../notices.js";

export function reviewing(site_id) {
  const node = el("section", { class: "panel", "aria-live": "polite" });
  const past = el("section", { class: "panel" });
  /** What else changes than was asked for, in words. */
  const also = ({ what, line, speaker, zone, zones_left }) => t(`calibrate.also-${what}${zones_left === 0 ? "-last" : ""}`,
    { line: nameOf(site_id, "lines", line), speaker: nameOf(site_id, "speakers", speaker), zone: nameOf(site_id, "zones", zone) });
  /** Shows what a change would do. `goes`: what is lost by it; `confirm`: what its button says. */
  const propose = async (change, { goes = [], confirm = t("calibrate.apply") } = {}) => {
    const refused = (error) => { put(node, el("h2", {}, t("calibrate.refused")), el("p", { class: "problem", role: "alert" }, error.message)); return null; };
    const proposal = await post(`sites/${path(site_id)}/changes`, { change }).catch(refused);
    if (proposal) {
      const apply = async () => {
        const done = await attempt(() => post(`sites/${path(site_id)}/changes/${path(proposal.id)}/apply`), t("done"));
        if (done) { put(node); drawPast(); }
      };
      const cameras = proposal.restarts.map((camera) => nameOf(site_id, "cameras", camera)).join(t("list.and"));
      const lost = [...goes, ...proposal.also.map(also)];
      put(node, el("h2", {}, t("calibrate.review")), lost.length ? el("ul", { class: "goes" }, lost.map((line) => el("li", {}, line))) : null,
        el("p", {}, cameras ? t("calibrate.needs-cameras", { cameras }) : t("calibrate.needs-nothing")),
        proposal.findings.map((finding) => el("p", { class: "problem" }, finding)), diff(proposal.diff), el("button", { class: "danger big", "data-act": "apply", on: { click: apply } }, confirm));
    }
    node.scrollIntoView({ block: "nearest" });
  };
  const drawPast = async () => {
    const changes = await get(`sites/${path(site_id)}/changes`).catch(() => []);
    const undo = async () => { await attempt(() => post(`sites/${path(site_id)}/changes/undo`), t("done")); drawPast(); };
    put(past, el("div", { class: "head" }, el("h2", {}, t("calibrate.changes")), el("button", { "data-act": "undo", disabled: !changes.some((one) => !one.undone_at), on: { click: undo } }, t("calibrate.undo"))),
      changes.length ? changes.map((one) => el("details", {}, el("summary", {}, `${clock(one.at)} · ${one.by} · ${one.what}${one.undone_at ? ` · ${t("calibrate.undone")}` : ""}`), diff(one.diff))) : el("p", { class: "quiet" }, t("none")));
  };
  drawPast();
  return { node, past, propose };
}

const diff = (text) => el("pre", { tabindex: 0 }, text.split("\n").map((line) => el("div", { class: line.startsWith("+") ? "added" : line.startsWith("-") ? "gone" : "" }, line)));
