// What can be done with a message? The small bar over the message under the mouse or the focus, and its menu.

import { el, iconButton } from "./dom.js";
import { act } from "./server.js";
import { emojiNode } from "./mrkdwn.js";
import { EMOJI_NAMES, emojiOf, PALETTE, QUICK_REACTIONS } from "./emoji.js";
import { react } from "./message.js";
import { openMenu, openPopup, closePopup, popupIsOpen } from "./popups.js";
import { askConfirm } from "./dialogs.js";
import { emit, on, state } from "./state.js";
import { toast, toldFailure } from "./toasts.js";
import { composerText } from "./compose_text.js";

/** Lets the bar follow mouse and focus inside `frame`. `place()` gives {channel, inThread}. */
export function attachToolbar(frame, place) {
  let bar = null;
  let owner = null;
  const show = (article) => {
    if (article === owner || popupIsOpen()) return;
    bar?.remove();
    owner = article;
    bar = article && toolbar(article, place());
    if (bar) article.append(bar);
  };
  frame.addEventListener("pointerover", (event) => show(event.target.closest(".message")));
  frame.addEventListener("pointerleave", () => !bar?.contains(document.activeElement) && show(null));
  frame.addEventListener("focusin", (event) => show(event.target.closest(".message")));
}

function toolbar(article, { channel, inThread }) {
  const { message } = article;
  if (article.classList.contains("system")) return null;
  const quick = QUICK_REACTIONS.map((name) =>
    el("button", { type: "button", class: "icon-button", "aria-label": `React with ${name}`, title: `:${name}:`, on: { click: () => react(message, channel, name, hasMine(message, name)) } }, emojiNode(name)),
  );
  const find = iconButton("smile", "Add reaction", (event) => pickReaction(event.currentTarget, message, channel));
  const reply = iconButton("thread", "Reply in thread", () => emit("open-thread", { channel, ts: message.thread_ts ?? message.ts }));
  const more = iconButton("more", "More actions", (event) => openActions(event.currentTarget, article, channel), { "aria-haspopup": "menu", "aria-expanded": "false" });
  const parts = message.ephemeral ? [more] : [...quick, find, inThread ? null : reply, more];
  return el("div", { class: "toolbar", role: "toolbar", "aria-label": "Message actions" }, parts);
}

const hasMine = (message, name) => (message.reactions ?? []).some((each) => each.name === name && each.users?.includes(state.me));

export function openActions(anchor, article, channel) {
  const { message } = article;
  openMenu(anchor, message.ephemeral ? ephemeralItems(message) : messageItems(message, article, channel), { label: "Message actions", align: "end" });
}

function ephemeralItems(message) {
  return [{ label: "Dismiss message", icon: "close", run: () => emit("dismiss", message) }, copyItem(message)];
}

function messageItems(message, article, channel) {
  const mine = message.user === state.me && !message.bot_id;
  const pinned = message.pinned_to?.length > 0;
  return [
    ...shortcutItems(message, channel),
    { label: "Reply in thread", icon: "thread", run: () => emit("open-thread", { channel, ts: message.thread_ts ?? message.ts }) },
    { label: "Add reaction", icon: "smile", run: () => pickReaction(article, message, channel) },
    { label: pinned ? "Un-pin from channel" : "Pin to channel", icon: "pin", run: () => change(pinned ? "unpin" : "pin", channel, message, "The pin was not changed") },
    copyItem(message),
    ...(mine ? [{ divider: true }, { label: "Edit message", icon: "edit", run: () => edit(article, channel) }, { label: "Delete message…", icon: "trash", danger: true, run: () => remove(channel, message) }] : []),
  ];
}

function shortcutItems(message, channel) {
  const shortcuts = state.shortcuts.filter((each) => each.type === "message");
  if (!shortcuts.length) return [];
  const names = new Map(state.apps.map((app) => [app.id, app.name]));
  const items = shortcuts.map((each) => ({ label: each.name, hint: names.get(each.app_id), icon: "bolt", run: () => runShortcut(each, { channel, message_ts: message.ts }) }));
  return [{ heading: "Apps" }, ...items, { divider: true }];
}

export async function runShortcut(shortcut, fields = {}) {
  const answer = await act("shortcut", { callback_id: shortcut.callback_id, app_id: shortcut.app_id, ...fields });
  toldFailure(answer, `“${shortcut.name}” did not work`);
}

function copyItem(message) {
  return {
    label: "Copy text",
    icon: "clip",
    run: async () => {
      try {
        await navigator.clipboard.writeText(composerText(message.text ?? ""));
        toast("info", "Copied");
      } catch (error) {
        toast("error", `Not copied: ${error.message}`);
      }
    },
  };
}

async function change(what, channel, message, failed) {
  toldFailure(await act(what, { channel, ts: message.ts }), failed);
}

async function remove(channel, message) {
  const sure = { title: "Delete message", text: { type: "plain_text", text: "This message goes away for everybody and cannot be brought back." }, confirm: { type: "plain_text", text: "Delete" }, deny: { type: "plain_text", text: "Keep" }, style: "danger" };
  if (await askConfirm(sure)) await change("delete", channel, message, "The message was not deleted");
}

function edit(article, channel) {
  const { message } = article;
  const content = article.querySelector(".content");
  emit("edit", { content, message, channel });
}

/** Opens the palette of reactions beside `anchor`. */
export function pickReaction(anchor, message, channel) {
  const choose = (name) => {
    closePopup("chosen");
    react(message, channel, name, hasMine(message, name));
  };
  const grid = el("div", { class: "palette-grid", role: "group", "aria-label": "Emoji" });
  const fill = (names) => grid.replaceChildren(...names.map((name) => el("button", { type: "button", class: "icon-button", "aria-label": name, title: `:${name}:`, on: { click: () => choose(name) } }, emojiOf(name))));
  const search = el("input", { class: "input", type: "text", placeholder: "Search emoji", "aria-label": "Search emoji", autocomplete: "off" });
  search.addEventListener("input", () => {
    const words = search.value.trim().toLowerCase().replace(/:/g, "");
    fill(words ? EMOJI_NAMES.filter((name) => name.includes(words)).slice(0, 48) : PALETTE);
  });
  search.addEventListener("keydown", (event) => event.key === "Enter" && grid.firstElementChild?.click());
  grid.addEventListener("keydown", (event) => gridKey(event, grid));
  fill(PALETTE);
  openPopup(anchor, [search, grid], { class: "palette", label: "Add reaction", role: "dialog", align: "end" });
  search.focus({ preventScroll: true });
}

function gridKey(event, grid) {
  const step = { ArrowRight: 1, ArrowLeft: -1, ArrowDown: 8, ArrowUp: -8 }[event.key];
  if (!step) return;
  event.preventDefault();
  const all = [...grid.children];
  all[Math.max(0, Math.min(all.indexOf(document.activeElement) + step, all.length - 1))]?.focus();
}

on("pick-reaction", ({ message, channel, anchor }) => pickReaction(anchor, message, channel));
