// How does something small open beside what was pressed, and close again? Menus, pickers and completion lists use this.

import { append, el, icon, safeUrl } from "./dom.js";

let current = null;

export const popupIsOpen = () => current !== null;

/** Opens `content` beside `anchor`, above everything (also above an open dialog). One at a time.
 *  options: label, role, class, onClose(reason), keepFocus (the anchor keeps the focus), width ("anchor"). */
export function openPopup(anchor, content, { onClose, keepFocus = false, width, align = "start", ...props } = {}) {
  closePopup();
  const node = el("div", { popover: "manual", class: `popup ${props.class ?? ""}`.trim(), role: props.role ?? null, "aria-label": props.label ?? null, tabindex: "-1" });
  append(node, [content]);
  (anchor.closest("dialog") ?? document.body).append(node);
  node.showPopover();
  const place = () => placeBeside(node, anchor, { width, align });
  place();
  current = { node, anchor, onClose, place, keepFocus, returnTo: document.activeElement };
  anchor.setAttribute("aria-expanded", "true");
  return node;
}

export function closePopup(reason = "closed") {
  if (!current) return;
  const { node, anchor, onClose, keepFocus, returnTo } = current;
  current = null;
  anchor.setAttribute("aria-expanded", "false");
  const heldFocus = node.contains(document.activeElement);
  node.remove();
  if (!keepFocus && (heldFocus || reason === "escape")) (anchor.isConnected ? focusable(anchor) : returnTo)?.focus?.({ preventScroll: true });
  onClose?.(reason);
}

const focusable = (anchor) => (anchor.matches("button, input, a, textarea, [tabindex]") ? anchor : anchor.querySelector("button, input") ?? anchor);

function placeBeside(node, anchor, { width, align }) {
  const box = anchor.getBoundingClientRect();
  if (width === "anchor") node.style.minWidth = `${Math.max(box.width, 220)}px`;
  const margin = 8;
  const { offsetWidth: wide, offsetHeight: high } = node;
  const below = innerHeight - box.bottom - margin;
  const above = box.top - margin;
  const up = high > below && above > below;
  const left = align === "end" ? box.right - wide : box.left;
  node.style.left = `${Math.max(margin, Math.min(left, innerWidth - wide - margin))}px`;
  node.style.top = `${up ? Math.max(margin, box.top - high - 4) : Math.min(box.bottom + 4, Math.max(margin, innerHeight - high - margin))}px`;
}

export function replacePopup() {
  current?.place();
}

document.addEventListener("pointerdown", (event) => {
  if (current && !current.node.contains(event.target) && !current.anchor.contains(event.target)) closePopup("outside");
});
document.addEventListener(
  "keydown",
  (event) => {
    if (event.key !== "Escape" || !current) return;
    event.preventDefault();
    event.stopPropagation();
    closePopup("escape");
  },
  true,
);
addEventListener("resize", () => closePopup("resize"));
document.addEventListener(
  "scroll",
  (event) => {
    if (!current || !event.target.contains?.(current.anchor) || current.node.contains(event.target)) return;
    if (isInSight(current.anchor, event.target)) current.place();
    else closePopup("scroll");
  },
  true,
);

/** A scroll that is told late (a pane closed, the list settled) must not close what was opened after it. */
function isInSight(anchor, scroller) {
  const frame = scroller === document ? document.documentElement.getBoundingClientRect() : scroller.getBoundingClientRect();
  const box = anchor.getBoundingClientRect();
  return box.bottom > frame.top && box.top < frame.bottom;
}

/** A menu. items: {heading} | {divider} | {label, hint, icon, danger, disabled, href, checked, run}. Arrow keys, Home, End, letters. */
export function openMenu(anchor, items, { label, align, onClose } = {}) {
  const node = openPopup(anchor, items.map(menuItem), { role: "menu", label, class: "menu", align, onClose });
  node.addEventListener("keydown", (event) => menuKey(event, node));
  node.addEventListener("pointerover", (event) => event.target.closest?.("[role^=menuitem]")?.focus({ preventScroll: true }));
  entries(node)[0]?.focus({ preventScroll: true });
  return node;
}

function menuItem(item) {
  if (item.heading) return el("div", { class: "menu-heading", role: "presentation", text: item.heading });
  if (item.divider) return el("div", { class: "menu-divider", role: "separator" });
  const content = [item.icon && icon(item.icon, 16), el("span", { class: "menu-words" }, el("span", { class: "menu-label" }, item.label), item.hint && el("span", { class: "menu-hint" }, item.hint))];
  const role = item.checked === undefined ? "menuitem" : "menuitemradio";
  const props = { role, tabindex: "-1", class: `menu-item${item.danger ? " danger" : ""}`, "aria-checked": item.checked === undefined ? null : String(item.checked) };
  const run = () => {
    closePopup("chosen");
    item.run?.();
  };
  const href = item.href && (item.href.startsWith("?") ? item.href : safeUrl(item.href));
  if (href) return el("a", { ...props, href, target: item.href.startsWith("?") ? null : "_blank", rel: "noopener noreferrer", on: { click: run } }, content);
  return el("button", { ...props, type: "button", disabled: item.disabled, on: { click: run } }, content);
}

const entries = (node) => [...node.querySelectorAll("[role^=menuitem]:not(:disabled)")];

function menuKey(event, node) {
  const all = entries(node);
  const at = all.indexOf(document.activeElement);
  const to = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: all.length - 1 }[event.key];
  if (event.key === "Tab") {
    event.preventDefault();
    closePopup("escape");
  } else if (to !== undefined) {
    event.preventDefault();
    all[(to + all.length) % all.length]?.focus();
  } else if (event.key.length === 1 && event.key !== " ") {
    const letter = event.key.toLowerCase();
    const after = [...all.slice(at + 1), ...all.slice(0, at + 1)];
    after.find((each) => each.textContent.trim().toLowerCase().startsWith(letter))?.focus();
  }
}
