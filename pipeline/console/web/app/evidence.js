// What a site kept of its orange and red alarms: whether it is whole and sealed, what is inside, and all of it as one file.

import { get, path } from "./api.js";
import { el, put } from "./dom.js";
import { clock, num, t } from "./i18n.js";
import { badge } from "./level.js";
import { nameOf, room, watch } from "./live.js";
import { said } from "./said.js";

export function evidence(page) {
  const list = el("div", { class: "cards wide" });
  put(page, el("h1", {}, t("screen.evidence")), el("p", { class: "quiet" }, t("evidence.what")), list);
  let known = "";
  const draw = () => {
    const sites = [...room.sites.keys()];
    if (known === sites.join()) return;
    known = sites.join();
    put(list, sites.map(ofSite));
  };
  const off = watch(draw);
  draw();
  return off;
}

function ofSite(site_id) {
  const node = el("section", { class: "panel", "data-evidence": site_id });
  const head = el("h2", {}, room.sites.get(site_id)?.name ?? site_id);
  const show = async () => {
    try {
      const bundles = await get(`evidence/${path(site_id)}`);
      put(node, head, bundles.length ? bundles.map((bundle) => row(site_id, bundle)) : el("p", { class: "quiet" }, t("none")));
    } catch (error) {
      put(node, head, el("p", { class: "quiet" }, error.message));
    }
  };
  show();
  return node;
}

function row(site_id, bundle) {
  const inside = el("div");
  const look = async (event) => {
    if (!event.target.open || inside.childElementCount) return;
    try {
      drawInside(inside, site_id, await get(`evidence/${path(site_id, bundle.name)}`));
    } catch (error) {
      put(inside, el("p", { class: "problem", role: "alert" }, t("evidence.broken"), " ", error.message));
    }
  };
  const words = bundle.problem
    ? [el("strong", {}, bundle.name), el("span", { class: "problem" }, said(bundle.problem))]
    : [badge(bundle.level), el("strong", {}, nameOf(site_id, "zones", bundle.zone)), clock(bundle.alarm_at), bundle.drill ? el("span", { class: "drill" }, t("drill")) : null];
  return el("details", { "data-bundle": bundle.name, on: { toggle: look } }, el("summary", {}, el("span", { class: "row" }, words)), inside,
    el("a", { class: "button", href: `/api/v1/evidence/${path(site_id, bundle.name)}/archive.tar`, download: `${bundle.name}.tar` }, t("evidence.download")));
}

function drawInside(node, site_id, found) {
  const clips = found.clips ?? [];
  put(node,
    found.is_sealed
      ? el("p", {}, el("strong", {}, "✓ "), t("evidence.sealed", { key: found.key_id }))
      : el("p", { class: "problem", role: "alert" }, t("evidence.not-sealed", { key: found.key_id })),
    el("p", {}, t("evidence.span", { from: clock(found.from), until: clock(found.until) }), " · ", found.replay_differs.length ? t("evidence.differs", { what: found.replay_differs.join("; ") }) : t("evidence.replays")),
    clips.length ? el("p", {}, clips.map((clip) => t(clip.is_concealed ? "evidence.clip-concealed" : "evidence.clip", { camera: nameOf(site_id, "cameras", clip.camera), n: clip.pictures })).join(" · ")) : null,
    el("div", { class: "scroll", tabindex: 0 }, el("table", {}, el("tbody", {}, found.files.map((file) => el("tr", {}, el("td", {}, file.name), el("td", { class: "num" }, `${num(file.bytes / 1e6, 2)} MB`), el("td", { class: "quiet" }, file.sha256.slice(0, 16))))))),
    el("p", { class: "quiet" }, t("evidence.made", { version: found.throng_version, model: found.model.name, config: found.config_sha256.slice(0, 12) })));
}
