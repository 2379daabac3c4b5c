// How is a message written? A field that grows, Enter sends, Shift+Enter breaks the line; "/…" is a command.

import { append, el, iconButton, uniqueId } from "./dom.js";
import { act, upload } from "./server.js";
import { attachCompletion } from "./completion.js";
import { composerText, slackText } from "./compose_text.js";
import { openMenu } from "./popups.js";
import { on, state } from "./state.js";
import { runShortcut } from "./toolbar.js";
import { toast, toldFailure, wasDelivered } from "./toasts.js";

const TEXT_MAX = 40000; // chat.postMessage cuts beyond
const drafts = new Map(); // "channel thread" → what was typed but not sent

/** A composer. options: {channel, thread_ts, placeholder, compact}. `.node`, `.focus()`. */
export class Composer {
  constructor(options) {
    this.options = options;
    this.draftKey = `${state.me} ${options.channel} ${options.thread_ts ?? ""}`;
    this.files = [];
    this.field = el("textarea", { id: uniqueId("composer"), class: "composer-field", rows: 1, "aria-autocomplete": "list", placeholder: options.placeholder, "aria-label": options.placeholder, spellcheck: "true", data: { focusOrder: "composer" } });
    this.field.value = drafts.get(this.draftKey) ?? "";
    this.completion = attachCompletion(this.field);
    this.hint = el("div", { class: "usage-hint", hidden: true, "aria-live": "polite" });
    this.fileList = el("div", { class: "composer-files", hidden: true });
    this.sendButton = iconButton("send", "Send message", () => this.send(), { class: "icon-button send", disabled: true });
    this.picker = el("input", { type: "file", multiple: true, hidden: true, on: { change: () => this.takeFiles([...this.picker.files]) } });
    this.node = el("div", { class: "composer-frame" }, this.hint, el("div", { class: "composer" }, this.field, this.fileList, this.tools()), this.footer());
    this.listen();
    this.changed();
  }

  tools() {
    const type = (character) => () => {
      this.field.focus();
      this.field.setRangeText(character, this.field.selectionStart, this.field.selectionEnd, "end");
      this.field.dispatchEvent(new Event("input", { bubbles: true }));
    };
    return el(
      "div",
      { class: "composer-tools" },
      iconButton("plus", "Attach a file", () => this.picker.click()),
      this.picker,
      iconButton("bolt", "Shortcuts", (event) => openShortcuts(event.currentTarget), { "aria-haspopup": "menu", "aria-expanded": "false" }),
      el("button", { type: "button", class: "icon-button letter", "aria-label": "Mention somebody", title: "Mention somebody", on: { click: type("@") } }, "@"),
      el("button", { type: "button", class: "icon-button letter", "aria-label": "Type a command", title: "Type a command", on: { click: () => this.startCommand() } }, "/"),
      el("span", { class: "grow" }),
      this.sendButton,
    );
  }

  startCommand() {
    this.field.value = `/${this.field.value.replace(/^\//, "")}`;
    this.field.focus();
    this.field.setSelectionRange(1, 1);
    this.field.dispatchEvent(new Event("input", { bubbles: true }));
  }

  footer() {
    if (this.options.compact) return null;
    return el("div", { class: "composer-foot quiet" }, el("kbd", {}, "Enter"), " sends, ", el("kbd", {}, "Shift+Enter"), " new line, ", el("kbd", {}, "/"), " commands");
  }

  listen() {
    this.field.addEventListener("input", () => this.changed());
    this.field.addEventListener("keydown", (event) => {
      if (event.isComposing || this.completion.key(event)) return;
      if (event.key === "Enter" && !event.shiftKey) {
        event.preventDefault();
        this.send();
      }
    });
    this.field.addEventListener("paste", (event) => event.clipboardData.files.length && this.takeFiles([...event.clipboardData.files]));
    this.node.addEventListener("dragover", (event) => event.preventDefault());
    this.node.addEventListener("drop", (event) => {
      event.preventDefault();
      this.takeFiles([...event.dataTransfer.files]);
    });
  }

  takeFiles(files) {
    this.files.push(...files);
    this.fileList.hidden = this.files.length === 0;
    this.fileList.replaceChildren(
      ...this.files.map((file) =>
        el("span", { class: "chip" }, file.name, iconButton("close", `Remove ${file.name}`, () => {
          this.files = this.files.filter((each) => each !== file);
          this.takeFiles([]);
        })),
      ),
    );
    this.changed();
  }

  changed() {
    this.sendButton.disabled = !this.field.value.trim() && !this.files.length;
    drafts.set(this.draftKey, this.field.value);
    this.field.style.height = "auto";
    this.field.style.height = `${Math.min(this.field.scrollHeight, innerHeight * 0.4)}px`;
    const name = this.field.value.match(/^(\/\S+)\s/)?.[1];
    const command = name && state.commands.find((each) => each.command === name);
    this.hint.hidden = !command;
    if (command) this.hint.replaceChildren(el("strong", {}, command.command), ` ${command.usage_hint ?? ""}`, el("span", { class: "quiet" }, `  ${command.description ?? ""}`));
  }

  async send() {
    const typed = this.field.value.trim();
    if (!typed && !this.files.length) return;
    this.completion.close();
    if ([...typed].length > TEXT_MAX) {
      toast("error", `Too long: ${[...typed].length} of ${TEXT_MAX} characters`);
      return;
    }
    const files = this.files;
    this.field.value = "";
    this.files = [];
    this.takeFiles([]);
    const answer = await this.deliver(typed, files);
    if (!toldFailure(answer, "Not sent") || wasDelivered(answer)) return;
    if (!this.field.value) this.field.value = typed;
    this.files = files;
    this.takeFiles([]);
  }

  deliver(typed, files) {
    const { channel, thread_ts } = this.options;
    if (files.length) return upload(channel, files, { thread_ts, text: slackText(typed) });
    const command = typed.match(/^(\/[^\s/]+)(?:\s+([\s\S]*))?$/);
    if (command) return act("command", { channel, thread_ts, command: command[1], text: command[2] ?? "" });
    return act("post", { channel, thread_ts, text: slackText(typed) });
  }

  focus() {
    this.field.focus({ preventScroll: true });
  }
}

export function openShortcuts(anchor) {
  const global = state.shortcuts.filter((each) => each.type === "global");
  const names = new Map(state.apps.map((app) => [app.id, app.name]));
  const items = global.map((each) => ({ label: each.name, hint: names.get(each.app_id), icon: "bolt", run: () => runShortcut(each, { channel: state.channel }) }));
  openMenu(anchor, items.length ? [{ heading: "Shortcuts" }, ...items] : [{ label: "No app offers a shortcut here", disabled: true }], { label: "Shortcuts" });
}

// Editing happens where the message stands.
on("edit", ({ content, message, channel }) => {
  const kept = [...content.childNodes];
  const field = el("textarea", { class: "input", rows: 3, "aria-label": "Edit message" });
  field.value = composerText(message.text ?? "");
  const back = () => content.replaceChildren(...kept);
  const save = async () => {
    if (!field.value.trim()) return;
    const answer = await act("edit", { channel, ts: message.ts, text: slackText(field.value.trim()) });
    if (!toldFailure(answer, "Not saved")) back();
  };
  field.addEventListener("keydown", (event) => {
    if (event.key === "Escape") back();
    if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
      event.preventDefault();
      save();
    }
  });
  const cancel = el("button", { type: "button", class: "button", on: { click: back } }, "Cancel");
  const done = el("button", { type: "button", class: "button primary", on: { click: save } }, "Save");
  content.replaceChildren(append(el("div", { class: "editor" }), [field, el("div", { class: "actions" }, cancel, done)]));
  field.focus();
});
