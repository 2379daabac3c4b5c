// What does an app's own place look like? Its Home tab, as the app published it for this person, and its messages.

import { el, iconButton } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { Conversation } from "./conversation.js";
import { act } from "./server.js";
import { directWith, emit, state } from "./state.js";
import { Surface } from "./surface.js";
import { toldFailure } from "./toasts.js";

export class AppPlace {
  constructor(appId, tab) {
    this.app = state.apps.find((each) => each.id === appId);
    this.tabs = ["home", "messages"].map((name) => el("button", { type: "button", role: "tab", id: `tab-${name}`, class: "tab", data: { tab: name }, on: { click: () => this.choose(name), keydown: (event) => this.key(event) } }, name === "home" ? "Home" : "Messages"));
    this.body = el("div", { class: "app-body", role: "tabpanel" });
    this.node = el(
      "div",
      { class: "app-place" },
      el("header", { class: "pane-head" }, iconButton("menu", "Channels", () => emit("toggle-sidebar", true), { class: "icon-button only-narrow" }), el("h1", { class: "pane-title" }, this.app?.name ?? "App"), el("span", { class: "badge" }, "APP")),
      el("div", { class: "tabs", role: "tablist", "aria-label": "App" }, this.tabs),
      this.body,
    );
    this.choose(tab);
  }

  key(event) {
    if (!["ArrowLeft", "ArrowRight"].includes(event.key)) return;
    event.preventDefault();
    this.tabs.find((tab) => tab.dataset.tab !== this.tab).focus();
    this.choose(this.tab === "home" ? "messages" : "home");
  }

  async choose(name) {
    this.tab = name;
    for (const tab of this.tabs) {
      tab.setAttribute("aria-selected", String(tab.dataset.tab === name));
      tab.tabIndex = tab.dataset.tab === name ? 0 : -1;
    }
    this.body.setAttribute("aria-labelledby", `tab-${name}`);
    this.conversation = null;
    this.body.replaceChildren();
    await (name === "home" ? this.openHome() : this.openMessages());
  }

  async openHome() {
    state.channel = null;
    this.body.append(el("div", { class: "list-note" }, "Opening…"));
    const answer = await act("open_home", { app_id: this.app.id });
    if (this.tab !== "home" || this.view) return;
    if (toldFailure(answer, "App Home was not opened")) return;
    if (answer.view) this.show(answer.view);
    else this.body.replaceChildren(el("div", { class: "home-none" }, el("h2", {}, `${this.app.name} has nothing here yet`), el("p", { class: "quiet" }, "An app fills its Home with views.publish, usually when it hears app_home_opened.")));
  }

  show(view) {
    if (this.tab !== "home") return;
    this.view = view;
    const scrolled = this.body.scrollTop;
    this.surface = new Surface({ container: "home", view_id: view.id, app_id: this.app.id }, { before: this.surface ?? null });
    const focused = this.body.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
    this.body.replaceChildren(el("div", { class: "home" }, renderBlocks(view.blocks, this.surface)));
    this.body.scrollTop = scrolled;
    if (focused) [...this.body.querySelectorAll("[data-action-id]")].find((node) => node.dataset.actionId === focused)?.focus({ preventScroll: true });
  }

  async openMessages() {
    this.view = null;
    let id = directWith(this.app.bot_user)?.id;
    if (!id) {
      const answer = await act("open_dm", { user_ids: [this.app.bot_user] });
      if (toldFailure(answer, "The conversation was not opened")) return;
      id = typeof answer.channel === "object" ? answer.channel.id : answer.channel;
      await new Promise((resolve) => emit("reload-state", resolve));
    }
    if (this.tab !== "messages") return;
    state.channel = id;
    this.conversation = new Conversation(id);
    this.body.replaceChildren(this.conversation.node);
    await this.conversation.load({ fresh: true });
    emit("opened", id);
  }
}
