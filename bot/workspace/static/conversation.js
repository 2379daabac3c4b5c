// What does an open channel or direct message look like? Its head, its messages, and where one writes.

import { append, el, icon, iconButton, link } from "./dom.js";
import { Composer } from "./composer.js";
import { MessageList } from "./messages.js";
import { attachToolbar, openActions } from "./toolbar.js";
import { emojiNode, inline, mrkdwn } from "./mrkdwn.js";
import { author } from "./message.js";
import { showPanel } from "./dialogs.js";
import { showDetails } from "./sidebar.js";
import { act, fetchMessages } from "./server.js";
import { channelLabel, emit, isDirect, state, userName } from "./state.js";
import { toldFailure } from "./toasts.js";
import { messageNode } from "./message.js";

const READ_PAUSE_MS = 400;
const PAGE = 200; // the most the server gives at once
const PIN_PAGES_MAX = 10;

export class Conversation {
  constructor(id) {
    this.id = id;
    this.channel = state.channels.get(id);
    this.list = new MessageList({
      channel: id,
      label: `Messages in ${channelLabel(this.channel)}`,
      fetchOlder: (before) => this.fetch(before),
      beginning: () => this.beginning(),
      onRead: () => this.read(),
      onMenu: (article, key) => (key === "Enter" ? emit("open-thread", { channel: id, ts: article.message.thread_ts ?? article.message.ts }) : openActions(article, article, id)),
    });
    attachToolbar(this.list.node, () => ({ channel: id, inThread: false }));
    this.head = el("header", { class: "pane-head" });
    this.foot = el("div", { class: "pane-foot" });
    this.bookmarks = el("nav", { class: "bookmarks", "aria-label": "Bookmarks" });
    this.node = el("div", { class: "conversation" }, this.head, this.bookmarks, this.list.node, this.foot);
    this.drawHead();
    this.drawFoot();
  }

  async fetch(before) {
    const answer = await fetchMessages(this.id, { before });
    return toldFailure(answer, "The messages could not be loaded") ? null : answer;
  }

  /** Fetches the newest messages; `fresh` marks where the unread ones begin. */
  async load({ fresh = false } = {}) {
    const answer = await this.fetch();
    if (!answer) return;
    const unread = fresh ? (this.channel?.unread ?? 0) : 0;
    const others = answer.messages.filter((message) => message.user !== state.me && !message.ephemeral);
    const since = Number(this.channel?.last_read ?? 0);
    const first = since ? others.find((message) => Number(message.ts) > since) : (others.at(-unread) ?? others[0]);
    this.list.set(answer, unread > 0 ? first?.ts : null);
    if (unread) Object.assign(this.channel, { unread: 0, mentions: 0 });
    if (unread) emit("opened", this.id);
    this.read();
  }

  /** Takes the channel's new state (name, topic, membership). */
  refresh() {
    const before = this.channel;
    this.channel = state.channels.get(this.id);
    if (this.channel) this.drawHead();
    if (this.channel?.is_member !== before?.is_member || this.channel?.is_archived !== before?.is_archived) this.drawFoot();
  }

  drawHead() {
    const { channel } = this;
    const name = channelLabel(channel);
    const title = isDirect(channel)
      ? el("h1", { class: "pane-title" }, name)
      : el("h1", { class: "pane-title" }, el("button", { type: "button", class: "title-button", title: "Channel details", on: { click: () => showDetails(channel) } }, icon(channel?.kind === "private" ? "lock" : "hash", 18), name, icon("down", 14)));
    this.head.replaceChildren(
      iconButton("menu", "Channels", () => emit("toggle-sidebar", true), { class: "icon-button only-narrow" }),
      title,
      el("div", { class: "topic" }, channel?.topic ? inline(channel.topic) : ""),
      el("span", { class: "grow" }),
      iconButton("pin", "Pinned messages", () => this.showPins()),
    );
    const marks = channel?.bookmarks ?? [];
    this.bookmarks.hidden = !marks.length;
    this.bookmarks.replaceChildren(...marks.map((mark) => el("span", { class: "bookmark" }, emojiNode(mark.emoji?.replace(/:/g, "") || "link"), link(mark.link, mark.title || mark.link))));
  }

  drawFoot() {
    const { channel } = this;
    this.foot.replaceChildren();
    if (channel?.is_archived) append(this.foot, [el("div", { class: "join-bar" }, "This channel is archived.")]);
    else if (channel && !channel.is_member && !isDirect(channel)) {
      const join = el("button", { type: "button", class: "button primary", on: { click: () => this.join() } }, "Join channel");
      append(this.foot, [el("div", { class: "join-bar" }, el("span", {}, "You are looking at ", el("strong", {}, `#${channel.name}`)), join)]);
    } else {
      this.composer = new Composer({ channel: this.id, placeholder: `Message ${isDirect(channel) ? "" : "#"}${channelLabel(channel)}` });
      append(this.foot, [this.composer.node]);
    }
  }

  async join() {
    toldFailure(await act("join", { channel: this.id }), "You did not join");
  }

  beginning() {
    const { channel } = this;
    const name = channelLabel(channel);
    if (isDirect(channel)) return el("div", { class: "beginning" }, el("h2", {}, name), el("p", {}, "This is the beginning of your direct messages with ", el("strong", {}, name), "."));
    const purpose = channel?.purpose && [" ", ...inline(channel.purpose)];
    return el("div", { class: "beginning" }, el("h2", {}, icon("hash", 26), name), el("p", {}, "This is the very beginning of ", el("strong", {}, `#${name}`), ".", purpose));
  }

  /** Tells the server, a little later, that everything up to the newest message has been seen. */
  read() {
    clearTimeout(this.readTimer);
    if (document.hidden || !this.list.follow) return;
    this.readTimer = setTimeout(() => {
      const newest = [...this.list.rows.values()].filter((row) => !row.message.ephemeral).reduce((ts, row) => (Number(row.message.ts) > Number(ts) ? row.message.ts : ts), "0");
      if (newest === "0" || newest === this.readTs) return;
      this.readTs = newest;
      act("read", { channel: this.id, ts: newest });
      const shown = state.channels.get(this.id);
      if (!shown?.unread && !shown?.mentions) return;
      Object.assign(shown, { unread: 0, mentions: 0 });
      emit("opened", this.id);
    }, READ_PAUSE_MS);
  }

  async showPins() {
    const pinned = [];
    let before;
    for (let page = 0; page < PIN_PAGES_MAX; page++) {
      const answer = await fetchMessages(this.id, { before, limit: PAGE });
      if (toldFailure(answer, "The pins could not be loaded")) return;
      pinned.unshift(...answer.messages.filter((message) => message.pinned_to?.length));
      before = answer.messages[0]?.ts;
      if (!answer.has_more || !before) break;
    }
    const items = pinned.map((message) => messageNode(message, { channel: this.id }));
    showPanel("Pinned messages", items.length ? items : el("p", { class: "quiet" }, "Nothing is pinned here. Pin a message with its “⋯” menu."));
  }

  /** A message arrived here, was changed or went away. */
  take(message) {
    if (isHiddenReply(message)) return false;
    const isNew = this.list.upsert(message);
    if (isNew) this.read();
    return isNew;
  }
}

/** A reply is shown in its thread only, unless it was also sent to the channel. */
export const isHiddenReply = (message) => Boolean(message.thread_ts && message.thread_ts !== message.ts && message.subtype !== "thread_broadcast");

/** The thread panel at the right. */
export class Thread {
  constructor(channel, ts, onClose) {
    Object.assign(this, { channel, ts });
    this.list = new MessageList({ channel, inThread: true, label: "Thread", fetchOlder: (before) => this.fetch(before), onMenu: (article, key) => key === "m" && openActions(article, article, channel) });
    attachToolbar(this.list.node, () => ({ channel, inThread: true }));
    const place = state.channels.get(channel);
    this.composer = new Composer({ channel, thread_ts: ts, placeholder: "Reply…", compact: true });
    this.node = el(
      "aside",
      { class: "thread-pane", "aria-label": "Thread" },
      el("header", { class: "pane-head" }, el("h2", { class: "pane-title" }, "Thread"), el("span", { class: "topic" }, isDirect(place) ? channelLabel(place) : `#${channelLabel(place)}`), el("span", { class: "grow" }), iconButton("close", "Close thread", onClose)),
      this.list.node,
      el("div", { class: "pane-foot" }, this.composer.node),
    );
    this.node.addEventListener("keydown", (event) => event.key === "Escape" && !event.defaultPrevented && !event.target.closest(".editor") && onClose());
  }

  async load() {
    const answer = await this.fetch();
    if (answer) this.list.set(answer);
  }

  async fetch(before) {
    const answer = await fetchMessages(this.channel, { thread_ts: this.ts, before, limit: PAGE });
    return toldFailure(answer, "The thread could not be loaded") ? null : answer;
  }

  owns(channel, message) {
    return channel === this.channel && (message.ts === this.ts || message.thread_ts === this.ts);
  }
}

/** One line for a screen reader: who said what. */
export function announcement(message) {
  const words = mrkdwn(message.text ?? "").textContent.slice(0, 200);
  return `${author(message).name}${message.ephemeral ? " (only visible to you)" : ""}: ${words || userName(message.user)}`;
}
