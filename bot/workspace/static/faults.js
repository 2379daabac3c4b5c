// How does one try what happens when Slack misbehaves? A drawer that switches the server's faults on and off.

import { el, iconButton } from "./dom.js";
import { fetchFaults, setFaults } from "./server.js";
import { on, state } from "./state.js";
import { toast, toldFailure } from "./toasts.js";

// What each switch asks of the server, in words a person can follow.
const SWITCHES = [
  { label: "Slow answers", hint: "every API call takes 2 s", fault: { kind: "latency", ms: 2000, for_s: 60 } },
  { label: "Rate limited", hint: "the next 5 calls get 429, Retry-After 2 s", fault: { kind: "ratelimited", times: 5, retry_after: 2 } },
  { label: "Server errors", hint: "the next 5 calls get HTTP 500", fault: { kind: "status", status: 500, times: 5 } },
  { label: "Connection reset", hint: "the next 3 calls are cut", fault: { kind: "reset", times: 3 } },
  { label: "Lost answer", hint: "the next call takes effect, its answer is lost", fault: { kind: "reset", when: "after", times: 1 } },
  { label: "Outage", hint: "nothing works for a minute", fault: { kind: "outage", for_s: 60 } },
  { label: "Sent twice", hint: "the next 5 deliveries arrive twice", fault: { kind: "duplicate", times: 5 } },
  { label: "Half-open socket", hint: "open Socket Mode connections go silent without closing", fault: { kind: "half_open", for_s: 60 } },
];

export function toggleFaults(drawer, open = drawer.hidden) {
  drawer.hidden = !open;
  if (!open) return;
  draw(drawer);
  drawer.querySelector("button")?.focus();
}

function draw(drawer) {
  const active = el("div", { class: "active-faults", "aria-live": "polite" });
  drawer.replaceChildren(
    el("header", { class: "pane-head" }, el("h2", { class: "pane-title" }, "Faults"), el("span", { class: "grow" }), iconButton("close", "Close faults", () => toggleFaults(drawer, false))),
    el(
      "div",
      { class: "faults-body" },
      el("p", { class: "quiet" }, "See how an app bears a bad day. These hit the app's calls and deliveries, not this page."),
      el("div", { class: "fault-switches" }, SWITCHES.map((each) => el("button", { type: "button", class: "fault-switch", on: { click: () => add(each) } }, el("strong", {}, each.label), el("span", { class: "quiet" }, each.hint)))),
      el("h3", {}, "Active now"),
      active,
      el("button", { type: "button", class: "button", on: { click: clear } }, "Clear all faults"),
    ),
  );
  refresh(active);
}

async function add({ label, fault }) {
  if (!toldFailure(await setFaults(fault), `“${label}” was not switched on`)) toast("info", `${label}: on`);
}

async function clear() {
  if (!toldFailure(await setFaults({ clear: true }), "The faults were not cleared")) toast("info", "No faults any more");
}

async function refresh(active) {
  const answer = await fetchFaults();
  if (answer.ok === false) return;
  showActive(active, answer.faults ?? []);
}

function showActive(active, faults) {
  active.replaceChildren(faults.length ? el("ul", {}, faults.map((fault) => el("li", {}, words(fault)))) : el("p", { class: "quiet" }, "None"));
}

function words(fault) {
  const left = fault.times ? `, ${fault.times - (fault.hits ?? 0)} of ${fault.times} left` : "";
  const until = fault.until ? `, until ${fault.until.slice(11, 19)} UTC` : "";
  return `${fault.kind}${fault.method && fault.method !== "*" ? ` on ${fault.method}` : ""}${left}${until}`;
}

on("live:faults", (event) => {
  state.faults = event.faults ?? event;
  const active = document.querySelector(".active-faults");
  if (active && Array.isArray(event.faults)) showActive(active, event.faults);
});
