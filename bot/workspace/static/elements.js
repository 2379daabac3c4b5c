// How does each interactive element look, and what does it send when used?
// docs.slack.dev/reference/block-kit/block-elements

import { el, icon, link, safeUrl, uniqueId } from "./dom.js";
import { renderText, toPlain } from "./mrkdwn.js";
import { openMenu } from "./popups.js";
import { selectElement } from "./selects.js";
import { fileInput, pickers, textInputs } from "./inputs.js";
import { image } from "./images.js";

/** The node of an element in a section's accessory, an actions, context_actions or input block.
 *  `context`: {surface, blockId, inForm (its value is read on submit, it is not sent when changed), label}. */
export function interactive(element, context) {
  const make = ELEMENTS[element.type];
  if (!make) return el("span", { class: "unknown" }, icon("warn", 14), ` This page does not know the element “${element.type}”`);
  return make(element, context);
}

const ELEMENTS = {
  button,
  workflow_button: button,
  icon_button: iconElement,
  feedback_buttons: feedback,
  overflow,
  image: (element) => image(element, { small: true }),
  url: (element) => link(element.url, element.text ?? element.url),
  checkboxes: (element, context) => choiceList(element, context, "checkbox"),
  radio_buttons: (element, context) => choiceList(element, context, "radio"),
  ...pickers,
  ...textInputs,
  file_input: fileInput,
};
for (const source of ["static", "external", "users", "channels", "conversations"]) {
  ELEMENTS[`${source}_select`] = (element, context) => selectElement(element, context, { source, many: false });
  ELEMENTS[`multi_${source}_select`] = (element, context) => selectElement(element, context, { source, many: true });
}

function button(element, { surface, blockId }) {
  const style = ["primary", "danger"].includes(element.style) ? ` ${element.style}` : "";
  const props = { class: `button${style}`, "aria-label": element.accessibility_label ?? null, data: { actionId: element.action_id ?? "", blockId } };
  const words = el("span", { class: "button-text" }, renderText(element.text));
  const press = (event) => surface.press(blockId, element, { value: element.value }, event.currentTarget);
  const href = element.url && safeUrl(element.url);
  if (href) return el("a", { ...props, href, target: "_blank", rel: "noopener noreferrer", on: { click: press } }, words, icon("window", 13));
  return el("button", { ...props, type: "button", on: { click: press } }, words);
}

function iconElement(element, { surface, blockId }) {
  const label = element.accessibility_label ?? toPlain(element.text?.text ?? element.icon);
  return el(
    "button",
    { type: "button", class: "icon-button", "aria-label": label, title: label, on: { click: (event) => surface.press(blockId, element, { value: element.value }, event.currentTarget) } },
    icon(element.icon === "trash" ? "trash" : "info"),
  );
}

function feedback(element, { surface, blockId }) {
  const one = (part, picture) =>
    el(
      "button",
      {
        type: "button",
        class: "icon-button",
        "aria-label": part.accessibility_label ?? part.text?.text ?? picture,
        title: part.text?.text ?? "",
        on: { click: (event) => surface.press(blockId, element, { value: part.value }, event.currentTarget) },
      },
      picture,
    );
  return el("span", { class: "feedback" }, one(element.positive_button ?? {}, "👍"), one(element.negative_button ?? {}, "👎"));
}

function overflow(element, { surface, blockId }) {
  const open = (event) => {
    const control = event.currentTarget;
    const items = (element.options ?? []).map((option) => ({
      label: renderText(option.text),
      hint: option.description && renderText(option.description),
      href: option.url,
      run: () => surface.press(blockId, element, { selected_option: option }, control),
    }));
    openMenu(control, items, { label: "More actions", align: "end" });
  };
  return el("button", { type: "button", class: "icon-button overflow", "aria-label": "More actions", title: "More actions", "aria-haspopup": "menu", "aria-expanded": "false", data: { actionId: element.action_id }, on: { click: open } }, icon("more"));
}

function choiceList(element, context, kind) {
  const { surface, blockId } = context;
  const name = uniqueId("choice");
  const before = surface.recall(blockId, element);
  const chosen = before ? (before.selected_options ?? [before.selected_option]) : (element.initial_options ?? [element.initial_option]);
  const values = new Set(chosen.filter(Boolean).map((option) => option.value));
  const options = element.options ?? [];
  const inputs = options.map((option) => el("input", { type: kind, name, value: option.value, checked: values.has(option.value), id: uniqueId("option") }));
  const picked = () => options.filter((_, index) => inputs[index].checked);
  const read = () => (kind === "radio" ? { type: element.type, selected_option: picked()[0] ?? null } : { type: element.type, selected_options: picked() });
  surface.hold(blockId, element, read);
  const changed = () => {
    if (context.inForm) return context.changed?.();
    const { type: _, ...value } = read();
    return surface.press(blockId, element, value, node);
  };
  const node = el(
    "div",
    { class: "choices", role: kind === "radio" ? "radiogroup" : "group", "aria-label": context.label ?? null, on: { change: changed }, data: { actionId: element.action_id } },
    options.map((option, index) =>
      el(
        "label",
        { class: "choice", for: inputs[index].id },
        inputs[index],
        el("span", {}, renderText(option.text), option.description && el("span", { class: "choice-hint" }, renderText(option.description))),
      ),
    ),
  );
  return node;
}
