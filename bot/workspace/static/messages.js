// Which messages are on the screen, and how do new, changed, removed and older ones find their place there?

import { el, icon } from "./dom.js";
import { isSystem, messageNode } from "./message.js";
import { dateOfTs, dayKey, dayTitle } from "./times.js";
import { state } from "./state.js";

const GROUP_SECONDS = 300;
const NEAR_PX = 80; // this near to the foot, the list follows new messages
const OLDER_PX = 500; // this near to the top, older ones are fetched
const ROWS_MAX = 300; // beyond it, a list that follows the foot lets its oldest rows go …
const ROWS_KEPT = 120; // … down to this many

/** A scrolling list of messages. `options`: {channel, inThread, fetchOlder(beforeTs) → {messages, has_more} | null, empty}. */
export class MessageList {
  constructor(options) {
    this.options = options;
    this.rows = new Map(); // ts → row, in no order; the DOM has the order
    this.hasMore = false;
    this.loading = false;
    this.top = el("div", { class: "list-top" });
    this.list = el("div", { class: "rows", role: "list", "aria-label": options.label ?? "Messages" });
    this.jump = el("button", { type: "button", class: "jump", hidden: true, on: { click: () => this.toEnd() } }, icon("down", 14), "New messages");
    this.scroller = el("div", { class: "scroller", tabindex: "-1" }, this.top, this.list);
    this.node = el("div", { class: options.inThread ? "message-list inside-thread" : "message-list" }, this.scroller, this.jump);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.list.addEventListener("keydown", (event) => this.key(event));
    this.list.addEventListener("focusin", (event) => this.focusTo(event.target.closest(".message")));
    new ResizeObserver(() => this.follow && this.toEnd()).observe(this.list);
    this.follow = true;
  }

  /** Shows these (oldest first) instead of what was there; what had been entered in them stays. */
  set({ messages, has_more: hasMore }, newFrom = null) {
    const before = this.rows;
    this.rows = new Map();
    this.hasMore = hasMore;
    const rows = messages.map((message) => this.row(message, before.get(message.ts)?.article.surface));
    this.list.replaceChildren(...rows);
    this.markNew(newFrom);
    this.arrangeAll();
    this.showTop();
    this.roam();
    this.toEnd();
  }

  row(message, before = null) {
    const article = messageNode(message, { ...this.options, before });
    const row = el("div", { class: "row", role: "listitem", data: { ts: message.ts } }, article);
    row.article = article;
    row.message = message;
    this.rows.set(message.ts, row);
    return row;
  }

  /** Adds a message or shows its new state. Gives back whether it was new here. */
  upsert(message) {
    const old = this.rows.get(message.ts);
    if (old) {
      const focused = old.contains(document.activeElement) ? document.activeElement : null;
      const row = this.row(message, old.article.surface);
      old.replaceWith(row);
      this.arrangeAround(row);
      this.roam();
      if (focused) this.refocus(row, focused);
      return false;
    }
    const row = this.row(message);
    const later = [...this.list.children].reverse().find((each) => Number(each.dataset.ts) <= Number(message.ts));
    if (later) later.after(row);
    else this.list.prepend(row);
    this.arrangeAround(row);
    this.trim();
    this.roam();
    if (this.follow || message.user === state.me) this.toEnd();
    else this.jump.hidden = false;
    return true;
  }

  refocus(row, focused) {
    const { actionId } = focused.dataset;
    const again = actionId ? [...row.querySelectorAll("[data-action-id]")].find((each) => each.dataset.actionId === actionId) : null;
    (again ?? row.article).focus({ preventScroll: true });
  }

  remove(ts) {
    const row = this.rows.get(ts);
    if (!row) return;
    const next = row.nextElementSibling;
    row.remove();
    this.rows.delete(ts);
    if (next) this.arrange(next);
    this.showTop();
    this.roam();
  }

  find(ts) {
    return this.rows.get(ts)?.message ?? null;
  }

  newest() {
    return this.list.lastElementChild?.message ?? null;
  }

  // Same author within five minutes: no picture and name again. Another day: a divider.
  arrange(row) {
    const previous = row.previousElementSibling;
    const at = dateOfTs(row.message.ts);
    const newDay = !previous || dayKey(dateOfTs(previous.message.ts)) !== dayKey(at);
    row.querySelector(":scope > .day")?.remove();
    if (newDay && !this.options.inThread) row.prepend(el("div", { class: "day", role: "separator" }, el("span", {}, dayTitle(at))));
    const afterRoot = this.options.inThread && !previous?.previousElementSibling;
    const close = previous && !newDay && !afterRoot && Number(row.message.ts) - Number(previous.message.ts) < GROUP_SECONDS;
    const same = close && previous.article.dataset.author === row.article.dataset.author && !row.classList.contains("new-from");
    const plain = previous && !isSystem(previous.message) && !isSystem(row.message) && !row.message.ephemeral && !previous.message.ephemeral;
    row.article.classList.toggle("grouped", Boolean(same && plain && row.message.subtype !== "thread_broadcast"));
    row.classList.toggle("thread-root", Boolean(this.options.inThread && !previous));
  }

  arrangeAround(row) {
    this.arrange(row);
    if (row.nextElementSibling) this.arrange(row.nextElementSibling);
  }

  arrangeAll() {
    for (const row of this.list.children) this.arrange(row);
  }

  markNew(ts) {
    const row = ts && this.rows.get(ts);
    if (!row) return;
    row.classList.add("new-from");
    row.prepend(el("div", { class: "new-line", role: "separator" }, el("span", {}, "New")));
  }

  showTop() {
    this.top.replaceChildren();
    if (this.hasMore) this.top.append(el("div", { class: "list-note" }, "Loading older messages…"));
    else if (this.options.beginning) this.top.append(this.options.beginning());
  }

  toEnd() {
    this.follow = true;
    this.scroller.scrollTop = this.scroller.scrollHeight;
    this.jump.hidden = true;
  }

  scrolled() {
    const { scrollTop, scrollHeight, clientHeight } = this.scroller;
    this.follow = scrollHeight - scrollTop - clientHeight < NEAR_PX;
    if (this.follow) {
      this.jump.hidden = true;
      this.options.onRead?.();
    }
    if (scrollTop < OLDER_PX && this.hasMore) this.older();
  }

  async older() {
    if (this.loading || !this.options.fetchOlder) return;
    this.loading = true;
    const answer = await this.options.fetchOlder(this.list.firstElementChild?.dataset.ts);
    this.loading = false;
    if (!answer) return;
    const { scrollHeight, scrollTop } = this.scroller;
    const rows = answer.messages.filter((message) => !this.rows.has(message.ts)).map((message) => this.row(message));
    const first = this.list.firstElementChild;
    this.list.prepend(...rows);
    for (const row of rows) this.arrange(row);
    if (first) this.arrange(first);
    this.hasMore = answer.has_more && rows.length > 0;
    this.showTop();
    this.scroller.scrollTop = scrollTop + this.scroller.scrollHeight - scrollHeight;
  }

  trim() {
    if (!this.follow || this.rows.size <= ROWS_MAX || !this.options.fetchOlder) return;
    while (this.list.children.length > ROWS_KEPT) {
      this.rows.delete(this.list.firstElementChild.dataset.ts);
      this.list.firstElementChild.remove();
    }
    this.arrange(this.list.firstElementChild);
    this.hasMore = true;
    this.showTop();
  }

  // One message is in the Tab order (the last one until another was visited); arrows go from message to message.
  roam() {
    if (this.stop?.isConnected) return;
    this.focusTo(this.list.lastElementChild?.article ?? null);
  }

  focusTo(article) {
    if (!article || article === this.stop) return;
    this.stop?.setAttribute("tabindex", "-1");
    this.stop = article;
    article.setAttribute("tabindex", "0");
  }

  key(event) {
    const article = event.target.closest(".message");
    if (!article || event.target !== article) return;
    const rows = [...this.list.children];
    const at = rows.indexOf(article.parentElement);
    const to = { ArrowUp: at - 1, ArrowDown: at + 1, Home: 0, End: rows.length - 1 }[event.key];
    if (to !== undefined) {
      event.preventDefault();
      const next = rows[Math.max(0, Math.min(to, rows.length - 1))].article;
      next.focus({ preventScroll: true });
      next.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter" || event.key === "m") {
      event.preventDefault();
      this.options.onMenu?.(article, event.key);
    }
  }
}
