// How do forms (Slack's modals) look and behave? The topmost of the stack is a dialog; what was entered below is kept.

import { append, el } from "./dom.js";
import { renderBlocks } from "./blocks.js";
import { openDialog } from "./dialogs.js";
import { plainText } from "./mrkdwn.js";
import { act, upload } from "./server.js";
import { on } from "./state.js";
import { Surface } from "./surface.js";
import { checkForm } from "./form_check.js";
import { toldFailure } from "./toasts.js";

let shown = null; // {id, dialog, surface, view}
const surfaces = new Map(); // view id → its Surface, while it is in the stack

/** Shows the top of `stack` (oldest first), or nothing when it is empty. */
export function showStack(stack) {
  for (const id of surfaces.keys()) if (!stack.some((view) => view.id === id)) surfaces.delete(id);
  const top = stack.at(-1);
  if (!top) return hide();
  if (shown?.id === top.id) return fill(top, stack);
  hide();
  const dialog = openDialog({ title: "", class: "form", label: "Close form", onCancel: () => closeView() });
  shown = { id: top.id, dialog };
  return fill(top, stack);
}

function hide() {
  shown?.dialog.close();
  shown = null;
}

function fill(view, stack) {
  const { dialog } = shown;
  const before = surfaces.get(view.id) ?? null;
  const focused = dialog.body.contains(document.activeElement) ? document.activeElement.dataset.actionId : null;
  const surface = new Surface({ container: "view", view_id: view.id }, { before, keepAll: true });
  surfaces.set(view.id, surface);
  Object.assign(shown, { surface, view, stack });
  dialog.head.querySelector("h2").replaceChildren(plainText(view.title ?? ""));
  dialog.body.replaceChildren(...renderBlocks(view.blocks, surface, { changed: () => clearErrors(dialog.body) }));
  dialog.body.tabIndex = dialog.body.querySelector("input, button, textarea") ? -1 : 0;
  dialog.foot.replaceChildren();
  append(dialog.foot, buttons(view, stack));
  firstFocus(dialog, focused);
}

function buttons(view, stack) {
  const words = view.close ? plainText(view.close) : stack.length > 1 ? "Back" : view.submit ? "Cancel" : "Close";
  const close = el("button", { type: "button", class: "button", on: { click: () => closeView() } }, words);
  if (!view.submit) return [close];
  const submit = el("button", { type: "button", class: "button primary submit", disabled: view.submit_disabled || null, on: { click: () => submitView() } }, plainText(view.submit));
  return [close, submit];
}

function firstFocus(dialog, focused) {
  const all = [...dialog.body.querySelectorAll("[data-action-id]")].filter((node) => node.matches("input, textarea, button, a"));
  const again = focused && all.find((node) => node.dataset.actionId === focused);
  const wanted = again || dialog.body.querySelector("[autofocus]") || all[0] || dialog.foot.querySelector(".submit") || dialog.foot.querySelector("button");
  wanted?.focus({ preventScroll: true });
}

async function submitView() {
  const { id, dialog, surface, view } = shown;
  const submit = dialog.foot.querySelector(".submit");
  if (submit.getAttribute("aria-busy") === "true") return;
  clearErrors(dialog.body);
  const wrong = checkForm(view, surface.values());
  if (Object.keys(wrong).length) return showErrors(dialog.body, wrong);
  submit.setAttribute("aria-busy", "true");
  const values = await withUploads(surface.values());
  const answer = values.ok === false ? values : await act("submit_view", { view_id: id, state_values: values });
  submit.removeAttribute("aria-busy");
  if (shown?.id !== id) return null;
  if (answer.errors && Object.keys(answer.errors).length) return showErrors(dialog.body, answer.errors);
  toldFailure(answer, "The form was not sent");
  return null;
}

/** The values with the ids of their files, uploaded now; or the failed answer of an upload. */
async function withUploads(values) {
  for (const actions of Object.values(values))
    for (const value of Object.values(actions)) {
      if (!value.pending) continue;
      const answer = await upload(null, value.pending);
      if (answer.ok === false) return answer;
      value.files = answer.files;
      delete value.pending;
    }
  return values;
}

async function closeView() {
  const { id, stack } = shown;
  const answer = await act("close_view", { view_id: id });
  if (toldFailure(answer, "The form was not closed") && answer.error !== "not_found") return;
  if (shown?.id === id) showStack(stack.slice(0, -1));
}

function clearErrors(body) {
  for (const node of body.querySelectorAll(".input-error")) node.hidden = true;
  for (const node of body.querySelectorAll("[aria-invalid]")) node.removeAttribute("aria-invalid");
}

/** Puts each error under its block; one that names no block here is said at the top. */
export function showErrors(body, errors) {
  let first = null;
  for (const [blockId, message] of Object.entries(errors)) {
    const block = [...body.querySelectorAll("[data-input-block]")].find((node) => node.dataset.inputBlock === blockId);
    if (!block) {
      toldFailure({ ok: false, error: message }, blockId);
      continue;
    }
    const node = block.querySelector(".input-error");
    node.textContent = message;
    node.hidden = false;
    const field = block.querySelector("input, textarea, button");
    field?.setAttribute("aria-invalid", "true");
    first ??= field;
  }
  first?.focus();
  first?.scrollIntoView({ block: "center" });
}

// Listening starts here: opening, pushing, updating, closing and errors all carry the whole stack.
on("live:view", (event) => {
  const stack = event.views ?? (event.view ? [event.view] : []);
  if (event.action === "errors") {
    if (shown) showErrors(shown.dialog.body, event.errors ?? {});
    return;
  }
  showStack(event.action === "cleared" ? [] : stack);
});
