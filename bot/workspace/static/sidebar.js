// Where can one go? Channels, direct messages and apps, with what is unread, and whom one is.

import { append, el, icon, iconButton } from "./dom.js";
import { avatarOf, avatar, initials } from "./message.js";
import { askFields, showPanel } from "./dialogs.js";
import { act } from "./server.js";
import { openMenu } from "./popups.js";
import { channelLabel, directWith, displayName, emit, me, state } from "./state.js";
import { toldFailure } from "./toasts.js";

export function drawSidebar(node) {
  const focused = node.contains(document.activeElement) ? document.activeElement.dataset.go : null;
  const scrolled = node.querySelector(".places")?.scrollTop ?? 0;
  node.replaceChildren(
    el("div", { class: "team" }, el("span", { class: "team-name", title: state.team.name }, state.team.name), iconButton("close", "Close the list", () => emit("toggle-sidebar", false), { class: "icon-button only-narrow" })),
    personSwitch(),
    el("nav", { class: "places", "aria-label": "Channels and conversations" }, sections()),
  );
  node.querySelector(".places").scrollTop = scrolled;
  if (focused) [...node.querySelectorAll("[data-go]")].find((each) => each.dataset.go === focused)?.focus({ preventScroll: true });
}

export const people = () => [...state.users.values()].filter((user) => !user.is_bot && !user.deleted);

function personSwitch() {
  const person = me();
  return el(
    "button",
    { type: "button", class: "person-switch", "aria-haspopup": "menu", "aria-expanded": "false", on: { click: (event) => openPeople(event.currentTarget) }, data: { go: "person" } },
    avatarOf(person, "small"),
    el("span", { class: "person-words" }, "You are ", el("strong", {}, displayName(person))),
    icon("down", 15),
  );
}

/** The address of what is open now, thread included, as another person sees it. */
function addressAs(user) {
  const wanted = new URLSearchParams(location.search);
  wanted.set("user", user.id);
  return `?${wanted}`;
}

function openPeople(anchor) {
  const items = people().map((user) => ({ label: displayName(user), hint: `@${user.name}`, checked: user.id === state.me, href: addressAs(user) }));
  const other = people().find((user) => user.id !== state.me);
  const beside = other && { label: `Open a second window as ${displayName(other)}`, icon: "window", run: () => window.open(addressAs(other), "_blank", "noopener") };
  openMenu(anchor, [{ heading: "Sit at the screen as" }, ...items, ...(beside ? [{ divider: true }, beside] : [])], { label: "Switch person" });
}

function sections() {
  const all = [...state.channels.values()];
  const shown = all.filter((each) => ["channel", "private"].includes(each.kind) && each.is_member && !each.is_archived).sort((one, other) => one.name.localeCompare(other.name));
  const bots = new Set(state.apps.map((app) => app.bot_user));
  const direct = all.filter((each) => (each.kind === "im" && !bots.has(each.user) && each.user !== state.me) || each.kind === "mpim").sort((one, other) => channelLabel(one).localeCompare(channelLabel(other)));
  return [
    section("Channels", shown.map(channelLink), iconButton("plus", "Add or find channels", (event) => openAddChannel(event.currentTarget), { "aria-haspopup": "menu", "aria-expanded": "false" })),
    section("Direct messages", direct.map(directLink), iconButton("plus", "New direct message", (event) => openNewDirect(event.currentTarget), { "aria-haspopup": "menu", "aria-expanded": "false" })),
    section("Apps", state.apps.map(appLink)),
  ];
}

function section(title, links, add) {
  return el("section", { class: "places-section" }, el("div", { class: "places-head" }, el("h2", {}, title), add), el("ul", {}, links.map((link) => el("li", {}, link))), !links.length && el("div", { class: "places-none" }, "None yet"));
}

function place({ go, current, unread, mentions, mark, label, run }) {
  const badge = mentions > 0 && el("span", { class: "mention-badge", "aria-label": `${mentions} unread mention${mentions === 1 ? "" : "s"}` }, String(mentions));
  return el(
    "button",
    { type: "button", class: `place${current ? " current" : ""}${unread ? " unread" : ""}`, "aria-current": current ? "page" : null, data: { go }, on: { click: run } },
    mark,
    el("span", { class: "place-name" }, label),
    unread && !mentions ? el("span", { class: "visually-hidden" }, "unread") : null,
    badge,
  );
}

const open = (id) => () => emit("open-channel", { channel: id });

function channelLink(channel) {
  return place({ go: channel.id, current: state.channel === channel.id && !state.app, unread: channel.unread > 0, mentions: channel.mentions, mark: icon(channel.kind === "private" ? "lock" : "hash", 16), label: channel.name, run: open(channel.id) });
}

function directLink(channel) {
  const user = state.users.get(channel.user);
  const mark = channel.kind === "im" ? avatarOf(user, "tiny") : icon("people", 16);
  return place({ go: channel.id, current: state.channel === channel.id && !state.app, unread: channel.unread > 0, mentions: channel.unread, mark, label: channelLabel(channel), run: open(channel.id) });
}

function appLink(app) {
  const direct = directWith(app.bot_user);
  const link = place({ go: app.id, current: state.app === app.id, unread: direct?.unread > 0, mentions: direct?.unread ?? 0, mark: avatar({ name: app.name, initials: initials(app.name), color: state.users.get(app.bot_user)?.color, isApp: true }, "tiny"), label: app.name, run: () => emit("open-app", { app: app.id, tab: direct?.unread ? "messages" : "home" }) });
  const words = app.connected ? "connected" : "not connected: start the app";
  link.append(el("span", { class: `presence ${app.connected ? "on" : "off"}`, role: "img", "aria-label": words, title: words }));
  return link;
}

function openAddChannel(anchor) {
  const others = [...state.channels.values()].filter((each) => each.kind === "channel" && !each.is_member && !each.is_archived);
  openMenu(anchor, [{ label: "Create a channel", icon: "plus", run: createChannel }, ...(others.length ? [{ divider: true }, { heading: "Channels you are not in" }] : []), ...others.map((each) => ({ label: each.name, hint: each.purpose || each.topic, icon: "hash", run: open(each.id) }))], { label: "Add channels" });
}

async function createChannel() {
  const given = await askFields({
    title: "Create a channel",
    submit: "Create",
    fields: [
      { name: "name", label: "Name", placeholder: "e.g. incident-checkout", required: true },
      { name: "is_private", label: "Private: only people who are invited see it", type: "checkbox" },
    ],
  });
  if (!given) return;
  const answer = await act("create_channel", { ...given, name: given.name.replace(/^#/, "") });
  if (toldFailure(answer, "The channel was not created")) return;
  emit("go", { channel: typeof answer.channel === "object" ? answer.channel.id : answer.channel });
}

function openNewDirect(anchor) {
  const others = people().filter((user) => user.id !== state.me);
  openMenu(anchor, [{ heading: "Write to" }, ...others.map((user) => ({ label: displayName(user), hint: `@${user.name}`, run: () => openDirect([user.id]) }))], { label: "New direct message" });
}

export async function openDirect(userIds) {
  const answer = await act("open_dm", { user_ids: userIds });
  if (toldFailure(answer, "The conversation was not opened")) return null;
  const id = typeof answer.channel === "object" ? answer.channel.id : answer.channel;
  emit("go", { channel: id });
  return id;
}

/** The details of a channel: topic, purpose, who may be invited, leaving. */
export function showDetails(channel) {
  const others = people().filter((user) => user.id !== state.me);
  const invite = others.map((user) => el("button", { type: "button", class: "button", on: { click: () => doAndClose(act("invite", { channel: channel.id, users: [user.id] })) } }, `Invite ${displayName(user)}`));
  const bots = state.apps.map((app) => el("button", { type: "button", class: "button", on: { click: () => doAndClose(act("invite", { channel: channel.id, users: [app.bot_user] })) } }, `Invite ${app.name}`));
  const leave = channel.is_member && el("button", { type: "button", class: "button danger", on: { click: () => doAndClose(act("leave", { channel: channel.id })) } }, "Leave channel");
  const fact = (name, value) => value && [el("dt", {}, name), el("dd", {}, value)];
  const panel = showPanel(`#${channel.name}`, el("dl", { class: "facts" }, fact("Topic", channel.topic), fact("Purpose", channel.purpose), fact("Id", channel.id)), el("div", { class: "actions" }));
  append(panel.body.querySelector(".actions"), [invite, bots, leave]);
  async function doAndClose(doing) {
    if (!toldFailure(await doing, "That did not work")) panel.close();
  }
}
