// How does the page ask something that must be answered first? Native dialogs: the rest is inert, Escape means no.

import { append, el, iconButton, uniqueId } from "./dom.js";
import { renderText } from "./mrkdwn.js";

/** A dialog shell: {node, body, foot, close}. `onCancel` hears Escape and the cross; it decides whether to close. */
export function openDialog({ title, label, class: extra = "", onCancel, role }) {
  const heading = uniqueId("dialog");
  const body = el("div", { class: "dialog-body" });
  const foot = el("div", { class: "dialog-foot" });
  const head = el("header", { class: "dialog-head" }, el("h2", { id: heading }, title), iconButton("close", label ?? "Close", () => onCancel()));
  const node = el("dialog", { class: `dialog ${extra}`.trim(), "aria-labelledby": heading, role: role ?? null }, head, body, foot);
  node.addEventListener("cancel", (event) => {
    event.preventDefault();
    onCancel();
  });
  document.body.append(node);
  const returnTo = document.activeElement;
  node.showModal();
  const close = () => {
    node.close();
    node.remove();
    if (returnTo?.isConnected) returnTo.focus({ preventScroll: true });
  };
  return { node, head, body, foot, close };
}

/** Asks what a Block Kit `confirm` object asks. Resolves to true for the confirm button only. */
export function askConfirm(confirm) {
  return new Promise((resolve) => {
    const answer = (yes) => {
      dialog.close();
      resolve(yes);
    };
    const dialog = openDialog({ title: renderText(confirm.title ?? "Are you sure?"), class: "confirm", onCancel: () => answer(false), role: "alertdialog" });
    dialog.body.append(renderText(confirm.text ?? ""));
    const style = confirm.style === "danger" ? "danger" : "primary";
    const yes = el("button", { type: "button", class: `button ${style}`, on: { click: () => answer(true) } }, renderText(confirm.confirm ?? "Yes"));
    const no = el("button", { type: "button", class: "button", on: { click: () => answer(false) } }, renderText(confirm.deny ?? "Cancel"));
    append(dialog.foot, [no, yes]);
    yes.focus();
  });
}

/** Asks for a few lines of text. fields: {name, label, type?, value?, placeholder?, required?}. Resolves to {name: value} or null. */
export function askFields({ title, fields, submit, text }) {
  return new Promise((resolve) => {
    const answer = (values) => {
      dialog.close();
      resolve(values);
    };
    const dialog = openDialog({ title, class: "ask", onCancel: () => answer(null) });
    const inputs = fields.map((field) => ({ field, input: fieldInput(field) }));
    const form = el("form", { id: uniqueId("form"), method: "dialog" }, text && el("p", { class: "quiet" }, text), inputs.map(({ field, input }) => fieldRow(field, input)));
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      answer(Object.fromEntries(inputs.map(({ field, input }) => [field.name, field.type === "checkbox" ? input.checked : input.value.trim()])));
    });
    dialog.body.append(form);
    append(dialog.foot, [
      el("button", { type: "button", class: "button", on: { click: () => answer(null) } }, "Cancel"),
      el("button", { type: "submit", class: "button primary", form: form.id }, submit),
    ]);
    inputs[0]?.input.focus();
  });
}

function fieldInput(field) {
  const props = { id: uniqueId("field"), class: "input", name: field.name, placeholder: field.placeholder ?? null, required: field.required ?? null };
  if (field.type === "textarea") return el("textarea", { ...props, rows: 4, text: field.value ?? "" });
  return el("input", { ...props, class: field.type === "checkbox" ? null : "input", type: field.type ?? "text", value: field.value ?? null, autocomplete: "off" });
}

function fieldRow(field, input) {
  const label = el("label", { for: input.id }, field.label);
  return el("div", { class: field.type === "checkbox" ? "field check" : "field" }, field.type === "checkbox" ? [input, label] : [label, input]);
}

/** Shows something that only wants to be read and closed. */
export function showPanel(title, ...content) {
  const dialog = openDialog({ title, class: "panel", onCancel: () => dialog.close() });
  append(dialog.body, content);
  append(dialog.foot, [el("button", { type: "button", class: "button primary", on: { click: () => dialog.close() } }, "Close")]);
  return dialog;
}
