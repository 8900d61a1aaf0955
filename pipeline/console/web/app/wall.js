// Live pictures. A picture that is old, frozen or gone is greyed, hatched and says so: it must not pass for the present.

import { me, path } from "./api.js";
import { el, put, redraw } from "./dom.js";
import { num, span, t, word } from "./i18n.js";
import { nameOf, room, watch, age } from "./live.js";
import { livePictures } from "./pictures.js";
import { said } from "./said.js";

const OLD_SECS = 5;

export function wall(page) {
  const over = { heat: true, zones: true };
  const grid = el("div", { class: "wall" });
  const views = new Map();
  const pictures = livePictures(() => room.cameras.size);
  const addresses = (camera) => Object.fromEntries([["still", "picture.jpg"], ["stream", "stream.mjpg"]].map(([kind, name]) =>
    [kind, `/api/v1/cameras/${path(camera.site, camera.id)}/${name}?heat=${Number(over.heat)}&zones=${Number(over.zones)}`]));
  // Where a program beside the console shows the camera as smooth video.
  const smooth = (camera) => me.live_pictures?.replaceAll("{site}", encodeURIComponent(camera.site)).replaceAll("{camera}", encodeURIComponent(camera.id));
  const toggle = (name) => {
    const button = el("button", { "aria-pressed": "true", on: { click: () => {
      over[name] = !over[name];
      button.setAttribute("aria-pressed", String(over[name]));
      draw();
    } } }, t(`layer.${name}`));
    return button;
  };
  put(page, el("div", { class: "head" }, el("h1", {}, t("screen.wall")), el("div", { class: "row" }, toggle("heat"), toggle("zones"))), grid);

  const draw = () => {
    for (const [key, camera] of room.cameras) {
      if (!views.has(key)) {
        const image = el("img", { alt: t("wall.picture", { camera: nameOf(camera.site, "cameras", camera.id) }) });
        const word_over = el("div");
        const foot = el("div", { class: "foot" });
        const node = el("figure", { class: "panel view", style: { margin: 0 } }, image, word_over, foot);
        views.set(key, { image, word_over, foot, node });
        grid.append(node);
      }
      drawView(views.get(key), camera);
    }
  };

  const drawView = (view, camera) => {
    const picture_age = camera.picture_age_secs ?? age(camera.captured_at);
    const is_there = camera.alive && ["live", "degraded"].includes(camera.state);
    const is_bad = !is_there || picture_age > OLD_SECS || camera.state === "degraded";
    pictures.show(view.image, is_there ? addresses(camera) : null);
    view.node.classList.toggle("bad", is_bad);
    redraw(view.word_over, [is_bad, camera.state, camera.cause], () => is_bad
      ? el("div", { class: "over" }, word("camera", camera.state), el("small", {}, said(camera.cause)), el("small", {}, t("wall.not-now"))) : null);
    redraw(view.foot, [camera.people, camera.state, Math.round(picture_age ?? -1), Math.round(camera.decoded_fps ?? -1)], () => [
      el("strong", {}, nameOf(camera.site, "cameras", camera.id)),
      el("span", {}, t("wall.people", { n: num(camera.people, 0) })),
      el("span", { class: "quiet" }, `${t("age", { span: span(picture_age) })} · ${num(camera.decoded_fps, 0)} fps`),
      smooth(camera) ? el("a", { href: smooth(camera), target: "_blank", rel: "noopener noreferrer" }, t("wall.smooth")) : null]);
  };
  const off = watch(draw);
  draw();
  return () => { off(); pictures.close(); };
}
