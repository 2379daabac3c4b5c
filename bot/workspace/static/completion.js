// What could the word being typed become? Commands after "/", people after "@", channels after "#", emoji after ":".

import { el } from "./dom.js";
import { EMOJI_NAMES, emojiOf } from "./emoji.js";
import { closePopup, openPopup } from "./popups.js";
import { avatarOf } from "./message.js";
import { displayName, state } from "./state.js";

const SHOWN_MAX = 8;

/** Completes in `field` (a textarea). `commands`: whether "/" at the start offers commands. Gives {key(event) → handled}. */
export function attachCompletion(field, { commands = true } = {}) {
  let list = null;
  let offered = [];
  let marked = 0;

  const close = () => {
    if (list) closePopup("done");
  };

  function refresh() {
    const found = wordAt(field, commands);
    offered = found ? candidates(found).slice(0, SHOWN_MAX) : [];
    if (!offered.length) return close();
    const id = `${field.id}-completion`;
    const items = offered.map((each, index) => item(each, `${id}-${index}`, () => take(index)));
    if (list) list.replaceChildren(...items);
    else {
      list = el("div", { id, role: "listbox", class: "listbox", "aria-label": "Suggestions" }, items);
      openPopup(field.closest(".composer") ?? field, [list], {
        class: "completion",
        keepFocus: true,
        width: "anchor",
        onClose: () => {
          list = null;
          field.removeAttribute("aria-activedescendant");
        },
      });
      field.setAttribute("aria-controls", id);
    }
    return mark(0);
  }

  function mark(index) {
    marked = (index + offered.length) % offered.length;
    [...list.children].forEach((node, at) => {
      node.classList.toggle("marked", at === marked);
      node.setAttribute("aria-selected", String(at === marked));
    });
    list.children[marked].scrollIntoView({ block: "nearest" });
    field.setAttribute("aria-activedescendant", list.children[marked].id);
  }

  function take(index) {
    const { start } = wordAt(field, commands);
    field.setRangeText(`${offered[index].insert} `, start, field.selectionStart, "end");
    close();
    field.focus();
    field.dispatchEvent(new Event("input", { bubbles: true }));
    close();
  }

  function key(event) {
    if (!list) return false;
    if (event.key === "ArrowDown" || event.key === "ArrowUp") mark(marked + (event.key === "ArrowDown" ? 1 : -1));
    else if (event.key === "Tab" || (event.key === "Enter" && !complete())) take(marked);
    else return false;
    event.preventDefault();
    return true;
  }

  // "/tocsin" or "@ben" typed in full: Enter sends instead of completing it once more.
  const complete = () => offered[marked].insert === field.value.slice(wordAt(field, commands)?.start, field.selectionStart);

  field.addEventListener("input", refresh);
  field.addEventListener("blur", () => setTimeout(() => document.activeElement !== field && close(), 150));
  return { key, close };
}

function wordAt(field, commands) {
  const before = field.value.slice(0, field.selectionStart);
  if (commands && /^\/\S*$/.test(before)) return { kind: "/", start: 0, word: before.slice(1).toLowerCase() };
  const found = before.match(/(^|[\s(])([@#:])([\w.+-]*)$/);
  if (!found || (found[2] === ":" && found[3].length < 2)) return null;
  return { kind: found[2], start: before.length - found[3].length - 1, word: found[3].toLowerCase() };
}

const KINDS = {
  "/": (word) =>
    state.commands
      .filter((each) => each.command.slice(1).toLowerCase().startsWith(word))
      .map((each) => ({ insert: each.command, label: each.command, usage: each.usage_hint, hint: each.description, app: appName(each.app) })),
  "@": (word) => [
    ...[...state.users.values()]
      .filter((user) => !user.deleted && `${user.name} ${displayName(user)}`.toLowerCase().includes(word))
      .map((user) => ({ insert: `@${user.name}`, label: displayName(user), hint: `@${user.name}`, face: user })),
    ...[["here", "everybody who is active in this channel"], ["channel", "everybody in this channel"]]
      .filter(([name]) => name.startsWith(word))
      .map(([name, hint]) => ({ insert: `@${name}`, label: `@${name}`, hint: `Notify ${hint}` })),
  ],
  "#": (word) =>
    [...state.channels.values()]
      .filter((each) => ["channel", "private"].includes(each.kind) && each.name.includes(word))
      .map((each) => ({ insert: `#${each.name}`, label: `#${each.name}`, hint: each.topic })),
  ":": (word) => EMOJI_NAMES.filter((name) => name.includes(word)).sort((one, other) => one.indexOf(word) - other.indexOf(word) || one.length - other.length).map((name) => ({ insert: `:${name}:`, label: `${emojiOf(name)}  :${name}:` })),
};

const appName = (app) => (typeof app === "object" ? app?.name : (state.apps.find((each) => each.id === app)?.name ?? app));
const candidates = ({ kind, word }) => KINDS[kind](word);

function item(candidate, id, run) {
  return el(
    "div",
    { class: "option", role: "option", id, "aria-selected": "false", on: { pointerdown: (event) => event.preventDefault(), click: run } },
    candidate.face && avatarOf(candidate.face, "small"),
    el("span", { class: "option-words" }, el("span", {}, el("strong", {}, candidate.label), candidate.usage && el("span", { class: "usage" }, ` ${candidate.usage}`)), candidate.hint && el("span", { class: "choice-hint" }, candidate.hint)),
    candidate.app && el("span", { class: "quiet option-app" }, candidate.app),
  );
}
