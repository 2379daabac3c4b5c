// What is open, and what happens when something is clicked, comes in over the socket, or the address changes?

import { el, icon } from "./dom.js";
import { drawSidebar } from "./sidebar.js";
import { announcement, Conversation, isHiddenReply, Thread } from "./conversation.js";
import { AppPlace } from "./home.js";
import { toggleFaults } from "./faults.js";
import { connect } from "./live.js";
import { act, fetchState } from "./server.js";
import { channelLabel, directWith, emit, on, state, take } from "./state.js";
import { showStack } from "./views.js";
import { toast } from "./toasts.js";

const page = Object.fromEntries(["shell", "sidebar", "main", "side", "faults", "banner", "announcer", "connection"].map((id) => [id, document.getElementById(id)]));
let conversation = null;
let place = null; // the open AppPlace
let thread = null;
let reloading = null;

async function start() {
  const wanted = new URLSearchParams(location.search);
  const answer = await fetchState(wanted.get("user") ?? sessionStorage.getItem("user") ?? "");
  if (answer.ok === false || !answer.users) return page.main.replaceChildren(el("div", { class: "home-none" }, el("h2", {}, "The local workspace did not answer"), el("p", {}, String(answer.error ?? ""))));
  take(answer);
  sessionStorage.setItem("user", state.me);
  drawBanner();
  connect();
  await openFromAddress();
  if (answer.views?.length) showStack(answer.views);
  return page.shell.setAttribute("data-ready", "yes");
}

function drawBanner() {
  const faults = el("button", { type: "button", class: "banner-button", id: "faults-button", "aria-controls": "faults", on: { click: () => toggleFaults(page.faults) } }, icon("storm", 15), "Faults");
  page.banner.replaceChildren(el("span", {}, el("strong", {}, "Local workspace"), " – a simulation of Slack, nothing leaves this machine"), page.connection, faults);
}

async function openFromAddress() {
  const wanted = new URLSearchParams(location.search);
  if (wanted.get("app") && state.apps.some((app) => app.id === wanted.get("app"))) return openApp(wanted.get("app"), wanted.get("tab") ?? "home", false);
  const asked = wanted.get("channel");
  const id = state.channels.has(asked) ? asked : firstChannel()?.id;
  if (!id) return null;
  await openChannel(id, false);
  if (id === asked && wanted.get("thread")) await openThread(id, wanted.get("thread"));
  return null;
}

function firstChannel() {
  const all = [...state.channels.values()].filter((each) => each.is_member && each.kind === "channel");
  return all.find((each) => each.name === "incidents") ?? all.find((each) => each.name === "general") ?? all[0] ?? [...state.channels.values()][0];
}

function setAddress(push) {
  const fields = { user: state.me, ...(state.app ? { app: state.app, tab: place?.tab } : { channel: state.channel }), ...(state.thread ? { thread: state.thread } : {}) };
  const address = `?${new URLSearchParams(fields)}`;
  if (address === location.search) return;
  history[push ? "pushState" : "replaceState"](null, "", address);
}

function showName(name) {
  const unread = [...state.channels.values()].reduce((sum, each) => sum + (each.mentions || (each.kind === "im" ? each.unread : 0) || 0), 0);
  document.title = `${unread ? `(${unread}) ` : ""}${name} – ${state.team.name}`;
}

async function openChannel(id, push = true) {
  const channel = state.channels.get(id);
  if (!channel) return toast("error", "There is no such channel here");
  const app = channel.kind === "im" && state.apps.find((each) => each.bot_user === channel.user);
  if (app) return openApp(app.id, "messages", push);
  closeThread(false);
  Object.assign(state, { channel: id, app: null });
  place = null;
  conversation = new Conversation(id);
  page.main.replaceChildren(conversation.node);
  emit("toggle-sidebar", false);
  drawSidebar(page.sidebar);
  setAddress(push);
  showName(channelLabel(channel));
  await conversation.load({ fresh: true });
  if (matchMedia("(min-width: 761px)").matches && !document.querySelector("dialog[open]")) conversation.composer?.focus();
  return null;
}

function openApp(id, tab = "home", push = true) {
  closeThread(false);
  Object.assign(state, { app: id, channel: tab === "messages" ? directWith(state.apps.find((app) => app.id === id)?.bot_user)?.id : null });
  conversation = null;
  place = new AppPlace(id, tab);
  page.main.replaceChildren(place.node);
  emit("toggle-sidebar", false);
  drawSidebar(page.sidebar);
  setAddress(push);
  showName(place.app?.name ?? "App");
}

async function openThread(channel, ts) {
  if (thread?.ts === ts) return thread.composer.focus();
  closeThread(false);
  state.thread = ts;
  thread = new Thread(channel, ts, () => closeThread());
  page.side.replaceChildren(thread.node);
  page.shell.classList.add("with-thread");
  setAddress(true);
  await thread.load();
  thread?.composer.focus();
  return null;
}

function closeThread(address = true) {
  if (!thread) return;
  const { ts } = thread;
  thread = null;
  state.thread = null;
  page.side.replaceChildren();
  page.shell.classList.remove("with-thread");
  if (address) setAddress(false);
  if (address) openList()?.rows.get(ts)?.article.focus({ preventScroll: true });
}

const openConversation = () => conversation ?? place?.conversation ?? null;
const openList = () => openConversation()?.list ?? null;

/** Fetches the state anew; calls that come while one is under way share the next one. */
function reloadState() {
  reloading ??= new Promise((resolve) => setTimeout(resolve, 60)).then(async () => {
    reloading = null;
    const answer = await fetchState(state.me);
    if (answer.ok !== false && answer.users) take(answer);
  });
  return reloading;
}

on("state", () => {
  const open = openConversation();
  const here = open && state.channels.get(open.id);
  if (here && !document.hidden) Object.assign(here, { unread: 0, mentions: 0 });
  drawSidebar(page.sidebar);
  open?.refresh();
  if (here || place) showName(here ? channelLabel(here) : place.app.name);
});

on("open-channel", ({ channel }) => openChannel(channel));
on("open-app", ({ app, tab }) => openApp(app, tab));
on("open-thread", ({ channel, ts }) => openThread(channel, ts));
on("opened", () => drawSidebar(page.sidebar));
on("go", async ({ channel }) => {
  await reloadState();
  await openChannel(channel);
});
on("reload-state", async (done) => {
  await reloadState();
  done();
});
on("toggle-sidebar", (open) => page.shell.classList.toggle("sidebar-open", open));

on("live:message", ({ channel, message }) => {
  const here = openConversation()?.id === channel;
  const inThread = thread?.owns(channel, message);
  if (inThread) thread.list.upsert(message);
  if (here) openConversation().take(message);
  if ((here || inThread) && message.user !== state.me) page.announcer.textContent = announcement(message);
  if (!here || document.hidden) reloadState();
});
on("live:ephemeral", ({ channel, message }) => {
  const shown = { ...message, ephemeral: true };
  const inThread = thread?.owns(channel, shown);
  if (inThread) thread.list.upsert(shown);
  else if (openConversation()?.id === channel && !isHiddenReply(shown)) openConversation().take(shown);
  else toast("info", `${announcement(shown).slice(0, 120)}`, { label: "Show", run: () => showWhere(channel, shown) });
  page.announcer.textContent = announcement(shown);
});
async function showWhere(channel, message) {
  if (openConversation()?.id !== channel) await openChannel(channel);
  if (isHiddenReply(message)) await openThread(channel, message.thread_ts);
}
on("live:message_changed", ({ channel, message }) => {
  if (thread?.owns(channel, message)) thread.list.upsert(message);
  if (openConversation()?.id === channel && openList().rows.has(message.ts)) openList().upsert(message);
});
on("live:ephemeral_changed", ({ channel, message }) => changeEphemeral(channel, { ...message, ephemeral: true }));
function changeEphemeral(channel, message) {
  if (thread?.list.rows.has(message.ts)) thread.list.upsert(message);
  if (openConversation()?.id === channel && openList().rows.has(message.ts)) openList().upsert(message);
}
function removeMessage({ channel, ts }) {
  if (thread?.channel === channel) {
    thread.list.remove(ts);
    if (thread.ts === ts) closeThread();
  }
  if (openConversation()?.id === channel) openList().remove(ts);
}
on("live:message_deleted", removeMessage);
on("live:ephemeral_deleted", removeMessage);
on("dismiss", async (message) => {
  const channel = thread?.list.rows.has(message.ts) ? thread.channel : openConversation()?.id;
  removeMessage({ channel, ts: message.ts });
  sessionStorage.setItem(`dismissed ${message.ts}`, "yes"); // also where the server keeps it
  await act("dismiss", { channel, ts: message.ts });
});
on("live:home", ({ view }) => {
  if (place && (!view.app_id || view.app_id === place.app.id)) place.show(view);
});
on("live:channels", () => reloadState());
on("live:toast", ({ level, text }) => {
  toast(level, text);
  if (level === "error") reloadState(); // perhaps the app has gone
});
on("refetch", async () => {
  await reloadState();
  await Promise.all([openConversation()?.load(), thread?.load()]);
});
on("connection", (status) => {
  page.connection.textContent = status === "connected" ? "" : "Connection lost, trying again…";
  page.shell.dataset.connection = status;
});

addEventListener("popstate", () => openFromAddress());
document.addEventListener("visibilitychange", () => !document.hidden && openConversation()?.read());
document.addEventListener("keydown", (event) => {
  if (event.key !== "Escape" || event.defaultPrevented) return;
  if (!page.faults.hidden && page.faults.contains(event.target)) {
    toggleFaults(page.faults, false);
    document.getElementById("faults-button")?.focus();
  } else emit("toggle-sidebar", false);
});
document.getElementById("veil").addEventListener("click", () => emit("toggle-sidebar", false));

start();
