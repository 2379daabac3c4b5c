// How is a piece of the page made? Elements are built node by node; text is always a text node, never markup.

const SVG = "http://www.w3.org/2000/svg";

/** An element. `props`: class, text, data {…}, style {…}, on {event: listener}; anything else is an attribute
 *  (true = present, false/null = absent). Children: nodes, strings, arrays of them; null and false are skipped. */
export function el(tag, props = {}, ...children) {
  return fill(document.createElement(tag), props, children);
}

export function svg(tag, props = {}, ...children) {
  return fill(document.createElementNS(SVG, tag), props, children);
}

function fill(node, props, children) {
  for (const [key, value] of Object.entries(props)) {
    if (value === null || value === undefined || value === false) continue;
    if (key === "text") node.textContent = value;
    else if (key === "data") Object.assign(node.dataset, value);
    else if (key === "style") for (const [name, to] of Object.entries(value)) node.style.setProperty(name, to);
    else if (key === "on") for (const [event, listener] of Object.entries(value)) node.addEventListener(event, listener);
    else node.setAttribute(key, value === true ? "" : String(value));
  }
  append(node, children);
  return node;
}

export function append(node, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    node.append(child);
  }
  return node;
}

export function replace(node, ...children) {
  node.replaceChildren();
  return append(node, children);
}

/** The address if a person may follow it, else null: http, https, mailto and tel only. */
export function safeUrl(address) {
  let url;
  try {
    url = new URL(String(address));
  } catch {
    return null;
  }
  return ["http:", "https:", "mailto:", "tel:"].includes(url.protocol) ? url.href : null;
}

export function link(address, ...children) {
  const href = safeUrl(address);
  if (!href) return el("span", { class: "dead-link", title: "Not a web address" }, ...children);
  return el("a", { href, target: "_blank", rel: "noopener noreferrer nofollow", title: String(address) }, ...children);
}

let serial = 0;
export const uniqueId = (prefix) => `${prefix}-${++serial}`;

const ICONS = {
  hash: "M9 3 7 21M17 3l-2 18M4 8.5h17M3 15.5h17",
  lock: "M6 11h12v10H6zM8.5 11V7.5a3.5 3.5 0 0 1 7 0V11",
  down: "m6 9 6 6 6-6",
  right: "m9 6 6 6-6 6",
  left: "m15 6-6 6 6 6",
  plus: "M12 5v14M5 12h14",
  smile: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM8.5 14.2c1.8 2.5 5.2 2.5 7 0M9 9.3v.4M15 9.3v.4",
  thread: "M4 5h16v11h-9l-4 4v-4H4zM8 9.2h8M8 12.2h5",
  more: "M12 5.5v.01M12 12v.01M12 18.5v.01",
  pin: "M9 3h6l-1 6 4 4v2H6v-2l4-4zM12 15v6",
  trash: "M4 7h16M9 7V4h6v3M6.5 7l1 13h9l1-13M10 11v5M14 11v5",
  edit: "m4 20 1-4L16 5l3 3L8 19z",
  send: "M4 4.5 20 12 4 19.5l2.4-7.5zM6.4 12H14",
  close: "m6 6 12 12M18 6 6 18",
  menu: "M4 6.5h16M4 12h16M4 17.5h16",
  search: "M10.5 17a6.5 6.5 0 1 0 0-13 6.5 6.5 0 0 0 0 13ZM15.3 15.3 20 20",
  bolt: "M13 3 5 13.5h6L10 21l8-10.5h-6z",
  clip: "m19 11-7.5 7.5a4.6 4.6 0 0 1-6.5-6.5L13 4a3.1 3.1 0 0 1 4.4 4.4l-8 8a1.6 1.6 0 0 1-2.2-2.2L14 7.4",
  link: "M10 14a4 4 0 0 0 6 .4l3-3a4 4 0 0 0-5.7-5.7l-1 1M14 10a4 4 0 0 0-6-.4l-3 3a4 4 0 0 0 5.7 5.7l1-1",
  check: "m5 12.5 4.5 4.5L19 7.5",
  warn: "M12 4 2.8 20h18.4zM12 10v4.5M12 17.2v.1",
  info: "M12 21a9 9 0 1 0 0-18 9 9 0 0 0 0 18ZM12 11v5.5M12 7.6v.1",
  eye: "M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM12 15a3 3 0 1 0 0-6 3 3 0 0 0 0 6Z",
  file: "M6 3h8l4 4v14H6zM14 3v4h4",
  play: "M8 5.5v13l11-6.5z",
  storm: "M7 15a4.5 4.5 0 1 1 1-8.9A6 6 0 0 1 19.500 8.500 3.500 3.500 0 0 1 18 15M12.500 11l-3 5h4l-3 5",
  window: "M14 4h6v6M20 4l-9 9M18 14v6H4V6h6",
  people: "M9 11a3.500 3.500 0 1 0 0-7 3.500 3.500 0 0 0 0 7ZM2.500 20c0-4 2.500-6 6.500-6s6.500 2 6.500 6M16 4.300a3.500 3.500 0 0 1 0 6.400M18 14.500c2.300.8 3.500 2.600 3.500 5.500",
  up: "m6 15 6-6 6 6",
};

/** A small line drawing; decorative, so its owner must carry the name. */
export function icon(name, size = 18) {
  return svg(
    "svg",
    { class: `icon icon-${name}`, viewBox: "0 0 24 24", width: size, height: size, "aria-hidden": "true", focusable: "false" },
    svg("path", { d: ICONS[name] ?? ICONS.info }),
  );
}

export function iconButton(name, label, onClick, props = {}) {
  return el("button", { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: onClick }, ...props }, icon(name));
}
