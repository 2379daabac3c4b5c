// How is one or several chosen from a list? A button that opens a filtered list: options given, loaded, people or channels.

import { el, icon, uniqueId } from "./dom.js";
import { act } from "./server.js";
import { renderText, toPlain } from "./mrkdwn.js";
import { closePopup, openPopup, replacePopup } from "./popups.js";
import { channelLabel, displayName, isDirect, state } from "./state.js";
import { toldFailure } from "./toasts.js";

const LOAD_PAUSE_MS = 200;
const KEYS = { static: "option", external: "option", users: "user", channels: "channel", conversations: "conversation" };

/** A select. `source`: static, external, users, channels or conversations; `many`: several may be chosen. */
export function selectElement(element, context, { source, many }) {
  const select = new Select(element, context, source, many);
  return select.node;
}

class Select {
  constructor(element, context, source, many) {
    Object.assign(this, { element, context, source, many });
    this.key = `selected_${KEYS[source]}${many ? "s" : ""}`;
    this.chosen = this.initial(); // [{value, label, raw}]
    this.words = el("span", { class: "select-words" });
    this.node = el(
      "button",
      { type: "button", class: "select", role: "combobox", id: context.fieldId ?? null, "aria-label": context.fieldId ? null : (context.label ?? element.placeholder?.text ?? "Select"), "aria-haspopup": "listbox", "aria-expanded": "false", autofocus: element.focus_on_load ?? null, data: { actionId: element.action_id }, on: { click: () => this.toggle(), keydown: (event) => this.openOnKey(event) } },
      this.words,
      icon("down", 15),
    );
    context.surface.hold(context.blockId, element, () => ({ type: element.type, [this.key]: this.value() }));
    this.show();
  }

  initial() {
    const before = this.context.surface.recall(this.context.blockId, this.element);
    const name = `initial_${KEYS[this.source]}${this.many ? "s" : ""}`;
    let given = before ? before[this.key] : this.element[name];
    if (!given && !before && this.source === "conversations" && this.element.default_to_current_conversation && state.channel) given = this.many ? [state.channel] : state.channel;
    return [given ?? []].flat().filter(Boolean).map((raw) => this.entry(raw));
  }

  entry(raw) {
    if (typeof raw === "object") return { value: raw.value, label: toPlain(raw.text?.text), node: () => renderText(raw.text), hint: raw.description, raw };
    if (this.source === "users") return userEntry(raw);
    return channelEntry(raw);
  }

  value() {
    const raws = this.chosen.map((each) => each.raw);
    return this.many ? raws : (raws[0] ?? null);
  }

  show() {
    const none = this.element.placeholder?.text ?? (this.many ? "Select options" : "Select an option");
    this.words.replaceChildren();
    this.words.classList.toggle("none", this.chosen.length === 0);
    if (this.chosen.length === 0) this.words.append(none);
    else if (this.many) this.words.append(...this.chosen.map((each) => el("span", { class: "chip" }, each.label)));
    else this.words.append(this.chosen[0].node ? this.chosen[0].node() : this.chosen[0].label);
  }

  openOnKey(event) {
    if (!["ArrowDown", "ArrowUp"].includes(event.key)) return;
    event.preventDefault();
    this.toggle();
  }

  toggle() {
    if (this.node.getAttribute("aria-expanded") === "true") return closePopup();
    const listId = uniqueId("list");
    this.before = JSON.stringify(this.value());
    this.filter = el("input", { class: "input select-filter", type: "text", role: "combobox", "aria-expanded": "true", "aria-controls": listId, "aria-autocomplete": "list", placeholder: "Type to filter", autocomplete: "off", "aria-label": `Filter ${this.context.label ?? ""}`.trim() });
    this.list = el("div", { id: listId, class: "listbox", role: "listbox", "aria-multiselectable": this.many ? "true" : null });
    this.filter.addEventListener("input", () => this.refresh());
    this.filter.addEventListener("keydown", (event) => this.filterKey(event));
    openPopup(this.node, [this.filter, this.list], { class: "select-popup", width: "anchor", onClose: () => this.closed() });
    this.filter.focus({ preventScroll: true });
    return this.refresh();
  }

  closed() {
    if (!this.many || JSON.stringify(this.value()) === this.before) return;
    this.send();
  }

  async refresh() {
    const words = this.filter.value.trim();
    if (this.source === "external") return this.load(words);
    const groups = this.groups().map((group) => ({ ...group, entries: group.entries.filter((each) => matches(each, words)) }));
    return this.fillList(groups);
  }

  groups() {
    if (this.source === "users") return [{ entries: people().map((user) => userEntry(user.id)) }];
    if (this.source === "channels") return [{ entries: channels(["channel"]).map((channel) => channelEntry(channel.id)) }];
    if (this.source === "conversations") return [{ entries: conversations(this.element.filter).map((channel) => channelEntry(channel.id)) }];
    return this.grouped(this.element);
  }

  grouped({ options, option_groups: groups }) {
    if (groups) return groups.map((group) => ({ label: group.label, entries: group.options.map((option) => this.entry(option)) }));
    return [{ entries: (options ?? []).map((option) => this.entry(option)) }];
  }

  async load(words) {
    clearTimeout(this.timer);
    const least = this.element.min_query_length ?? 3;
    if (words.length < least) return this.note(`Type ${least === 1 ? "a letter" : `${least} letters`} to search`);
    this.note("Loading…");
    await new Promise((resolve) => (this.timer = setTimeout(resolve, LOAD_PAUSE_MS)));
    const { surface, blockId } = this.context;
    const answer = await act("options", { ...surface.where, block_id: blockId, action_id: this.element.action_id, value: words });
    if (this.filter.value.trim() !== words) return null;
    if (toldFailure(answer, "The options could not be loaded")) return this.note("The options could not be loaded");
    return this.fillList(this.grouped(answer));
  }

  note(text) {
    this.list.replaceChildren(el("div", { class: "list-note", role: "presentation" }, text));
    replacePopup();
  }

  fillList(groups) {
    const full = groups.filter((group) => group.entries.length);
    if (!full.length) return this.note("Nothing found");
    this.list.replaceChildren();
    for (const group of full) {
      if (group.label) this.list.append(el("div", { class: "menu-heading", role: "presentation" }, renderText(group.label)));
      this.list.append(...group.entries.map((entry) => this.option(entry)));
    }
    this.mark(this.options().find((node) => node.getAttribute("aria-selected") === "true") ?? this.options()[0]);
    return replacePopup();
  }

  option(entry) {
    const on = this.chosen.some((each) => each.value === entry.value);
    const node = el(
      "div",
      { id: uniqueId("option"), class: "option", role: "option", "aria-selected": String(on), on: { click: () => this.choose(entry), pointermove: () => this.mark(node) } },
      el("span", { class: "option-mark" }, on && icon("check", 15)),
      el("span", {}, entry.node ? entry.node() : entry.label, entry.hint && el("span", { class: "choice-hint" }, typeof entry.hint === "string" ? entry.hint : renderText(entry.hint))),
    );
    return node;
  }

  options() {
    return [...this.list.querySelectorAll("[role=option]")];
  }

  mark(node) {
    this.marked?.classList.remove("marked");
    this.marked = node;
    node?.classList.add("marked");
    if (node) this.filter.setAttribute("aria-activedescendant", node.id);
  }

  filterKey(event) {
    const all = this.options();
    const at = all.indexOf(this.marked);
    const step = { ArrowDown: 1, ArrowUp: -1 }[event.key];
    if (step) {
      event.preventDefault();
      this.mark(all[(at + step + all.length) % all.length]);
      this.marked?.scrollIntoView({ block: "nearest" });
    } else if (event.key === "Enter") {
      event.preventDefault();
      this.marked?.click();
    } else if (event.key === "Tab") closePopup("escape");
  }

  choose(entry) {
    if (this.many) {
      const most = this.element.max_selected_items ?? Infinity;
      const without = this.chosen.filter((each) => each.value !== entry.value);
      if (without.length < this.chosen.length) this.chosen = without;
      else if (this.chosen.length < most) this.chosen = [...this.chosen, entry];
      else toldFailure({ ok: false, error: `at most ${most}` }, "Not chosen");
      this.show();
      return this.refresh();
    }
    this.chosen = [entry];
    this.show();
    closePopup("escape");
    return this.send();
  }

  send() {
    if (this.context.inForm) return this.context.changed?.();
    return this.context.surface.press(this.context.blockId, this.element, { [this.key]: this.value() }, this.node);
  }
}

const matches = (entry, words) => !words || `${entry.label} ${entry.find ?? ""}`.toLowerCase().includes(words.toLowerCase());

function userEntry(id) {
  const user = state.users.get(id);
  return { value: id, raw: id, label: displayName(user ?? { id }), hint: user && `@${user.name}`, find: user?.name };
}

function channelEntry(id) {
  const channel = state.channels.get(id);
  const label = channelLabel(channel);
  return { value: id, raw: id, label: isDirect(channel) ? label : `#${label}` };
}

const people = () => [...state.users.values()].filter((user) => !user.deleted);
const channels = (kinds) => [...state.channels.values()].filter((channel) => kinds.includes(channel.kind) && !channel.is_archived);

function conversations(filter) {
  const kinds = { public: "channel", private: "private", im: "im", mpim: "mpim" };
  const wanted = filter?.include?.map((name) => kinds[name]) ?? Object.values(kinds);
  return channels(wanted).filter((channel) => !(filter?.exclude_bot_users && state.users.get(channel.user)?.is_bot));
}
