// How does one message look? Who, when, what was said, its files, reactions and thread.

import { el, icon } from "./dom.js";
import { emojiNode, mrkdwn, renderText, toPlain } from "./mrkdwn.js";
import { emojiOf } from "./emoji.js";
import { renderBlocks } from "./blocks.js";
import { Surface } from "./surface.js";
import { appOfBot, displayName, emit, state, userName } from "./state.js";
import { ago, clockTime, dateOfTs, fullTime } from "./times.js";
import { act } from "./server.js";
import { toldFailure } from "./toasts.js";
import { attachment } from "./attachments.js";
import { fileNode } from "./files.js";

/** Who speaks: {key (same author, same key), name, isApp, color, initials, emoji, user}. */
export function author(message) {
  const user = state.users.get(message.user);
  const app = state.apps.find((each) => each.bot_id && each.bot_id === message.bot_id) ?? appOfBot(message.user);
  const name = message.username ?? (user ? displayName(user) : (message.bot_profile?.name ?? app?.name ?? message.user ?? "Slackbot"));
  return {
    key: `${message.user ?? message.bot_id} ${message.username ?? ""}`,
    name,
    isApp: Boolean(message.bot_id || user?.is_bot),
    color: user?.color,
    initials: user?.avatar_initials ?? initials(name),
    emoji: message.icons?.emoji?.replace(/:/g, ""),
    user,
  };
}

export const initials = (name) => (String(name).match(/[\p{L}\p{N}]+/gu) ?? ["?"]).slice(0, 2).map((word) => [...word][0].toUpperCase()).join("");

const COLORS = ["#4a7fb5", "#b5534a", "#4a9b6e", "#8a63b8", "#b5824a", "#3f9aa3", "#b0578d", "#6d7f3d"];

export function avatar({ name, color, initials: letters, emoji, isApp }, size = "") {
  const node = el("span", { class: `avatar ${size} ${isApp ? "app" : ""}`, "aria-hidden": "true" });
  const picture = emoji && emojiOf(emoji);
  if (picture) node.append(picture);
  else {
    node.textContent = letters;
    node.style.setProperty("--paint", paint(color) ?? COLORS[[...String(name)].reduce((sum, char) => sum + char.codePointAt(0), 0) % COLORS.length]);
  }
  return node;
}

function paint(color) {
  if (!color) return null;
  return /^[0-9a-f]{6}$/i.test(color) ? `#${color}` : color;
}

export const avatarOf = (user, size) => avatar({ name: displayName(user), color: user?.color, initials: user?.avatar_initials ?? initials(displayName(user)), isApp: user?.is_bot }, size);

/** The article of a message. options: {channel, inThread, before (the Surface it replaces)}. `.surface` holds its values. */
export function messageNode(message, { channel, inThread = false, before = null }) {
  const who = author(message);
  const at = dateOfTs(message.ts);
  const surface = new Surface({ container: "message", channel, message_ts: message.ts }, { before });
  const node = el(
    "article",
    { class: "message", tabindex: "-1", data: { ts: message.ts, author: who.key }, "aria-label": `${who.name}, ${clockTime(at)}` },
    notes(message),
    el("div", { class: "gutter" }, avatar(who), el("time", { class: "side-time", datetime: at.toISOString(), title: fullTime(at) }, clockTime(at).replace(/ [AP]M$/, ""))),
    el("div", { class: "body" }, head(message, who, at), el("div", { class: "content" }, content(message, surface)), extras(message, channel, inThread)),
  );
  if (message.ephemeral) node.classList.add("ephemeral");
  if (message.pinned_to?.length) node.classList.add("pinned");
  if (isSystem(message)) node.classList.add("system");
  node.surface = surface;
  node.message = message;
  return node;
}

const SYSTEM = new Set(["channel_join", "channel_leave", "channel_topic", "channel_purpose", "channel_name", "channel_archive", "channel_unarchive", "group_join", "group_leave", "group_topic", "group_purpose", "pinned_item", "bot_add", "reminder_add"]);
export const isSystem = (message) => SYSTEM.has(message.subtype);

function notes(message) {
  const lines = [];
  if (message.ephemeral) lines.push([icon("eye", 13), "Only visible to you"]);
  if (message.pinned_to?.length) lines.push([icon("pin", 13), message.pinned_info?.pinned_by ? `Pinned by ${userName(message.pinned_info.pinned_by)}` : "Pinned"]);
  if (message.subtype === "thread_broadcast") lines.push([icon("thread", 13), "Replied to a thread"]);
  return lines.map((line) => el("div", { class: "message-note" }, line));
}

function head(message, who, at) {
  return el(
    "div",
    { class: "message-head" },
    el("span", { class: "author" }, who.name),
    who.isApp && el("span", { class: "badge" }, "APP"),
    el("time", { class: "time", datetime: at.toISOString(), title: fullTime(at) }, clockTime(at)),
  );
}

function content(message, surface) {
  const blocks = message.blocks?.length ? renderBlocks(message.blocks, surface) : null;
  const words = blocks ?? (message.text ? [bodyText(message)] : []);
  const isApps = message.bot_id && blocks; // "If blocks are used …, the edited flag will not be displayed": docs of chat.update
  const edited = message.edited && !isApps && el("span", { class: "edited", title: fullTime(dateOfTs(message.edited.ts ?? message.ts)) }, "(edited)");
  return [words, edited, (message.attachments ?? []).map((each) => attachment(each, surface, renderBlocks)), (message.files ?? []).map(fileNode)];
}

function bodyText(message) {
  if (message.mrkdwn === false) return renderText({ type: "plain_text", text: message.text, emoji: true });
  const lonely = /^\s*(?::[a-z0-9_+'-]+:\s*){1,6}$/.test(message.text);
  return mrkdwn(message.text, { class: lonely ? "big-emoji" : "" });
}

function extras(message, channel, inThread) {
  const parts = [];
  if (message.reactions?.length) parts.push(reactions(message, channel));
  if (message.reply_count && !inThread) parts.push(threadSummary(message, channel));
  if (message.ephemeral) parts.push(el("button", { type: "button", class: "text-button dismiss", on: { click: () => emit("dismiss", message) } }, "Dismiss message"));
  return parts;
}

function reactions(message, channel) {
  const pills = message.reactions.map(({ name, users = [], count }) => {
    const mine = users.includes(state.me);
    const names = users.map(userName).join(", ");
    return el(
      "button",
      { type: "button", class: `reaction${mine ? " mine" : ""}`, "aria-pressed": String(mine), "aria-label": `${name}, ${count ?? users.length}: ${names}`, title: `${names} reacted with :${name}:`, on: { click: () => react(message, channel, name, mine) } },
      emojiNode(name),
      el("span", { class: "count" }, String(count ?? users.length)),
    );
  });
  const add = el("button", { type: "button", class: "reaction add", "aria-label": "Add reaction", title: "Add reaction", on: { click: (event) => emit("pick-reaction", { message, channel, anchor: event.currentTarget }) } }, icon("smile", 15));
  return el("div", { class: "reactions" }, pills, add);
}

export async function react(message, channel, name, remove) {
  toldFailure(await act(remove ? "unreact" : "react", { channel, ts: message.ts, name }), "The reaction was not changed");
}

function threadSummary(message, channel) {
  const count = message.reply_count;
  const faces = (message.reply_users ?? []).slice(0, 4).map((id) => avatarOf(state.users.get(id) ?? { id, name: id }, "small"));
  const last = message.latest_reply && el("span", { class: "quiet last-reply" }, `Last reply ${ago(dateOfTs(message.latest_reply))}`);
  return el(
    "button",
    { type: "button", class: "thread-summary", on: { click: () => emit("open-thread", { channel, ts: message.ts }) } },
    faces,
    el("span", { class: "reply-count" }, `${count} ${count === 1 ? "reply" : "replies"}`),
    last,
    el("span", { class: "quiet view-thread" }, "View thread"),
  );
}

/** What a screen reader and a notice say: the top-level text, as Slack does. */
export function spokenText(message) {
  return toPlain(message.text ?? "").slice(0, 300);
}
