// How is a person told about something that is not a message? A line at the foot of the page that goes away by itself.

import { el, icon, iconButton } from "./dom.js";

const SHOWN_MS = { error: 9000, info: 5000 };
const SHOWN_MAX = 4;
let frame = null;

export function toast(level, text, action) {
  frame ??= document.body.appendChild(el("div", { class: "toasts", popover: "manual", "aria-live": "polite", role: "status" }));
  const node = el(
    "div",
    { class: `toast ${level}`, role: level === "error" ? "alert" : null },
    icon(level === "error" ? "warn" : "info"),
    el("span", { class: "toast-text" }, String(text)),
    action && el("button", { type: "button", class: "toast-action", on: { click: action.run } }, action.label),
    iconButton("close", "Dismiss", () => dismiss(node)),
  );
  frame.append(node);
  while (frame.children.length > SHOWN_MAX) frame.firstChild.remove();
  raise();
  setTimeout(() => dismiss(node), SHOWN_MS[level] ?? SHOWN_MS.info);
}

// Shown again, it is the topmost: also above a dialog opened since.
function raise() {
  if (frame.matches(":popover-open")) frame.hidePopover();
  frame.showPopover();
}

function dismiss(node) {
  node.remove();
  if (frame.children.length === 0 && frame.matches(":popover-open")) frame.hidePopover();
}

// What went wrong between the server and the app: the server itself tells the person, in Slack's words.
const APP_FAILED = {
  operation_timeout: "The app took longer than 3 seconds to answer.",
  dispatch_failed: "The app could not be reached. Is it running?",
  http_service_error: "The app answered with a server error.",
  http_client_error: "The app refused the request.",
  invalid_response: "The app answered with something Slack does not accept.",
  invalid_command_response: "The app answered with something Slack does not accept.",
};
const SLACKBOT_SAYS = ["unknown_command", "not_supported_in_threads"];
const WORDS = {
  not_in_channel: "You are not in this channel.",
  is_archived: "This channel is archived.",
  name_taken: "There is such a channel already.",
  message_not_found: "The message is gone.",
};

/** Whether it reached the app: what was typed is then not given back. */
export const wasDelivered = (answer) => answer.error in APP_FAILED;

/** Why, in words. */
export const reasonOf = (answer) => APP_FAILED[answer.error] ?? WORDS[answer.error] ?? answer.detail ?? answer.message ?? answer.error ?? "unknown error";

/** Tells of a failed answer of the server in words, unless the server does; says whether it was one. */
export function toldFailure(answer, doing) {
  if (answer?.ok !== false) return false;
  if (!(answer.error in APP_FAILED) && !SLACKBOT_SAYS.includes(answer.error)) toast("error", `${doing}: ${reasonOf(answer)}`);
  return true;
}
