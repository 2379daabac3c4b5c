// How are texts, numbers, dates, times and files entered? Native fields, so that keyboard and screen readers just work.

import { el, uniqueId } from "./dom.js";
import { epochOfWallClock, wallClock } from "./times.js";

const SETTLE_MS = 500; // a date typed on the keyboard passes through half-typed years

// type → the field of the state value
const TEXT_TYPES = { plain_text_input: "text", number_input: "number", email_text_input: "email", url_text_input: "url" };

export const textInputs = Object.fromEntries([...Object.keys(TEXT_TYPES), "rich_text_input"].map((type) => [type, textInput]));

function textInput(element, context) {
  const { surface, blockId } = context;
  const before = surface.recall(blockId, element);
  const rich = element.type === "rich_text_input";
  const initial = before ? (rich ? plainOfRich(before.rich_text_value) : before.value) : rich ? plainOfRich(element.initial_value) : element.initial_value;
  const input = field(element, initial ?? "", context);
  const read = () => (rich ? { type: element.type, rich_text_value: richOfPlain(input.value) } : { type: element.type, value: input.value === "" ? null : input.value });
  surface.hold(blockId, element, read);
  input.addEventListener("input", () => context.changed?.());
  if (context.dispatch) dispatchText(input, element, context);
  if (!(element.max_length || element.min_length)) return input;
  return el("div", { class: "counted" }, input, counter(input, element));
}

function field(element, initial, context) {
  const props = {
    id: context.fieldId ?? uniqueId("field"),
    class: "input",
    placeholder: element.placeholder?.text ?? null,
    autofocus: element.focus_on_load ?? null,
    "aria-label": context.fieldId ? null : (context.label ?? element.placeholder?.text ?? "Text"),
    data: { actionId: element.action_id },
  };
  if (element.multiline || element.type === "rich_text_input") {
    const area = el("textarea", { ...props, rows: element.min_lines ?? 4 });
    area.value = initial;
    return area;
  }
  const step = element.type === "number_input" ? (element.is_decimal_allowed ? "any" : "1") : null;
  const mode = element.type === "number_input" ? "decimal" : null;
  const input = el("input", { ...props, type: TEXT_TYPES[element.type] === "number" ? "text" : TEXT_TYPES[element.type], inputmode: mode, step, autocomplete: "off" });
  input.value = initial;
  return input;
}

function counter(input, element) {
  const node = el("span", { class: "counter", "aria-hidden": "true" });
  const show = () => {
    const length = [...input.value].length;
    const over = element.max_length && length > element.max_length;
    node.textContent = element.max_length ? String(element.max_length - length) : "";
    node.classList.toggle("over", Boolean(over));
  };
  input.addEventListener("input", show);
  show();
  return node;
}

function dispatchText(input, element, context) {
  const when = element.dispatch_action_config?.trigger_actions_on ?? ["on_enter_pressed"];
  const send = () => context.surface.press(context.blockId, element, { value: input.value }, input);
  if (when.includes("on_enter_pressed"))
    input.addEventListener("keydown", (event) => {
      if (event.key !== "Enter" || (event.shiftKey && element.multiline)) return;
      event.preventDefault();
      send();
    });
  if (when.includes("on_character_entered")) input.addEventListener("input", settled(send));
}

function settled(send) {
  let timer;
  return () => {
    clearTimeout(timer);
    timer = setTimeout(send, SETTLE_MS);
  };
}

const richOfPlain = (text) =>
  text === "" ? null : { type: "rich_text", elements: [{ type: "rich_text_section", elements: [{ type: "text", text }] }] };

function plainOfRich(value) {
  if (!value) return "";
  if (typeof value.text === "string") return value.text;
  return (value.elements ?? []).map(plainOfRich).join(value.type === "rich_text" ? "\n" : "");
}

const PICKERS = {
  datepicker: { type: "date", key: "selected_date", initial: "initial_date" },
  timepicker: { type: "time", key: "selected_time", initial: "initial_time" },
  datetimepicker: { type: "datetime-local", key: "selected_date_time", initial: "initial_date_time" },
};

export const pickers = Object.fromEntries(Object.keys(PICKERS).map((type) => [type, picker]));

function picker(element, context) {
  const { surface, blockId } = context;
  const { type, key, initial } = PICKERS[element.type];
  const stamped = element.type === "datetimepicker";
  const before = surface.recall(blockId, element);
  const start = before ? before[key] : element[initial];
  const label = context.label ?? element.placeholder?.text ?? { date: "Date", time: "Time", "datetime-local": "Date and time" }[type];
  const input = el("input", { type, class: "input picker", id: context.fieldId ?? null, "aria-label": context.fieldId ? null : label, title: element.placeholder?.text ?? null, autofocus: element.focus_on_load ?? null, data: { actionId: element.action_id } });
  if (start) input.value = stamped ? wallClock(start) : start;
  const value = () => (input.value ? (stamped ? epochOfWallClock(input.value.slice(0, 16)) : input.value.slice(0, 10)) : null);
  surface.hold(blockId, element, () => ({ type: element.type, [key]: value() }));
  let sent = input.value;
  const send = () => {
    if (input.value === sent || /^0/.test(input.value.slice(0, type === "time" ? 0 : 4))) return;
    sent = input.value;
    surface.press(blockId, element, { [key]: value() }, input);
  };
  input.addEventListener("change", context.inForm ? () => context.changed?.() : settled(send));
  return input;
}

export function fileInput(element, context) {
  const { surface, blockId } = context;
  const most = element.max_files ?? 10;
  const accept = (element.filetypes ?? []).map((type) => `.${type}`).join(",");
  const input = el("input", { type: "file", id: context.fieldId ?? uniqueId("field"), class: "input", multiple: most > 1, accept: accept || null, data: { actionId: element.action_id } });
  const before = surface.recall(blockId, element);
  input.chosenFiles = before?.pending ?? [];
  const list = el("div", { class: "quiet" }, input.chosenFiles.map((file) => file.name).join(", "));
  input.addEventListener("change", () => {
    input.chosenFiles = [...input.files].slice(0, most);
    list.textContent = input.files.length > most ? `Only the first ${most} are taken` : "";
    context.changed?.();
  });
  surface.hold(blockId, element, () => ({ type: element.type, files: [], pending: input.chosenFiles }));
  return el("div", {}, input, list);
}
