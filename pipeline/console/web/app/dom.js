// Elements, made without markup: nothing that a camera or a colleague named can become a tag.

/** An element: `el("button", {class: "big", on: {click}}, "text")`. Null children are left out. */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag);
  fill(node, attributes);
  node.append(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

const SVG = "http://www.w3.org/2000/svg";

/** The same for SVG. */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag);
  fill(node, attributes);
  node.append(...children);
  return node;
}

function fill(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === null || value === undefined || value === false) continue;
    if (name === "on") for (const [event, act] of Object.entries(value)) node.addEventListener(event, act);
    // By property: a style attribute would be against the page's content security policy.
    else if (name === "style") for (const [key, set] of Object.entries(value)) node.style.setProperty(key, set);
    else if (name === "value" || name === "checked") node[name] = value;
    else node.setAttribute(name, value === true ? "" : value);
  }
}

/** Puts `children` in the place of what a node holds. */
export function put(node, ...children) {
  node.replaceChildren(...children.flat(Infinity).filter((child) => child !== null && child !== undefined && child !== false));
  return node;
}

/** Redraws a region that changes often, unless nothing in it changed or somebody types or points at it there. */
export function redraw(node, key, draw) {
  const now = JSON.stringify(key);
  if (node.dataset.key === now) return;
  const focused = node.contains(document.activeElement) ? document.activeElement : null;
  if (focused && /^(INPUT|TEXTAREA|SELECT)$/.test(focused.tagName)) return;
  const mark = focused?.dataset.focus;
  node.dataset.key = now;
  put(node, draw());
  if (mark) node.querySelector(`[data-focus="${CSS.escape(mark)}"]`)?.focus({ preventScroll: true });
}

/** Gives a file to whoever looks. */
export function download(name, blob) {
  const address = URL.createObjectURL(blob);
  el("a", { href: address, download: name }).click();
  setTimeout(() => URL.revokeObjectURL(address), 10_000);
}
