// A canvas to click points on, with a loupe: a pixel counts.

import { el } from "./dom.js";
import { colour } from "./level.js";

const LOUPE_PX = 130;
const ZOOM = 4;
const LINE_INK = "#ecd13c";

export class Sheet {
  /** `paint(context, unit)` draws what lies below; `clicked([x, y])` is told pixels of the sheet. */
  constructor(width, height, label, paint, clicked) {
    this.canvas = el("canvas", { width, height, role: "img", "aria-label": label });
    this.loupe = el("canvas", { class: "loupe", width: LOUPE_PX, height: LOUPE_PX, hidden: true, "aria-hidden": "true" });
    this.node = el("div", { class: "sheet" }, this.canvas, this.loupe);
    this.paint = paint;
    this.points = [];
    this.lines = [];
    /** Words and where they are written. */
    this.words = [];
    const where = (event) => {
      const box = this.canvas.getBoundingClientRect();
      return [((event.clientX - box.left) / box.width) * this.canvas.width, ((event.clientY - box.top) / box.height) * this.canvas.height];
    };
    this.canvas.addEventListener("click", (event) => clicked(where(event)));
    this.canvas.addEventListener("pointermove", (event) => this.look(where(event)));
    this.canvas.addEventListener("pointerleave", () => { this.loupe.hidden = true; });
  }

  draw() {
    const context = this.canvas.getContext("2d");
    // A pixel of the page: what is drawn is as large however wide the sheet stands there.
    const unit = this.canvas.width / (this.canvas.clientWidth || 480);
    context.clearRect(0, 0, this.canvas.width, this.canvas.height);
    this.paint(context, unit);
    // Over whatever a camera sees, by day and night.
    for (const [width, ink] of [[3.5, "#000"], [1.5, LINE_INK]]) {
      context.lineWidth = width * unit;
      context.strokeStyle = ink;
      for (const line of this.lines) stroke(context, line);
    }
    context.font = `bold ${12 * unit}px system-ui`;
    const write = (text, x, y) => {
      context.fillStyle = "#fff";
      context.strokeStyle = "#000";
      context.lineWidth = 2 * unit;
      context.strokeText(text, x, y);
      context.fillText(text, x, y);
    };
    context.textBaseline = "middle";
    context.textAlign = "center";
    for (const [word, [x, y]] of this.words) write(word, x, y);
    context.textBaseline = "alphabetic";
    context.textAlign = "start";
    this.points.forEach(([x, y], index) => {
      for (const [width, ink] of [[4, "#000"], [2, colour("accent")]]) {
        context.lineWidth = width * unit;
        context.strokeStyle = ink;
        stroke(context, [[x - 6 * unit, y], [x + 6 * unit, y]]);
        stroke(context, [[x, y - 6 * unit], [x, y + 6 * unit]]);
      }
      write(String(index + 1), x + 7 * unit, y - 5 * unit);
    });
  }

  look([x, y]) {
    this.loupe.hidden = false;
    // Never over what is looked at.
    this.loupe.classList.toggle("left", x > this.canvas.width / 2);
    const context = this.loupe.getContext("2d");
    const side = LOUPE_PX / ZOOM;
    context.fillStyle = "#000";
    context.fillRect(0, 0, LOUPE_PX, LOUPE_PX);
    context.drawImage(this.canvas, x - side / 2, y - side / 2, side, side, 0, 0, LOUPE_PX, LOUPE_PX);
    context.strokeStyle = "#fff";
    context.strokeRect(LOUPE_PX / 2 - 4, LOUPE_PX / 2 - 4, 8, 8);
  }
}

export function stroke(context, points) {
  context.beginPath();
  points.forEach(([x, y], index) => (index ? context.lineTo(x, y) : context.moveTo(x, y)));
  context.stroke();
}
