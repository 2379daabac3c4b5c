// Is a form ready to be sent? What Slack itself checks before it tells the app: required, lengths, kinds, ranges.

const EMAIL = /^[^\s@]+@[^\s@]+\.[^\s@]+$/;

/** {block_id: what is wrong} for the input blocks of `view`. */
export function checkForm(view, values) {
  const wrong = {};
  for (const block of view.blocks ?? []) {
    if (block.type !== "input") continue;
    const state = values[block.block_id]?.[block.element?.action_id];
    const message = state && complaint(block, state);
    if (message) wrong[block.block_id] = message;
  }
  return wrong;
}

function complaint(block, state) {
  if (isEmpty(state)) return block.optional ? null : "Please complete this required field.";
  if (typeof state.value !== "string") return null;
  const { element } = block;
  return lengthComplaint(element, [...state.value].length) ?? kindComplaint(element, state.value);
}

const isEmpty = (state) => !state.pending?.length && Object.entries(state).every(([key, value]) => key === "type" || value === null || value === "" || (Array.isArray(value) && value.length === 0));

function lengthComplaint({ min_length: least, max_length: most }, length) {
  if (least && length < least) return `Please use at least ${least} characters.`;
  if (most && length > most) return `Please use at most ${most} characters.`;
  return null;
}

function kindComplaint(element, value) {
  if (element.type === "email_text_input" && !EMAIL.test(value)) return "Please enter a valid email address.";
  if (element.type === "url_text_input" && !/^https?:\/\/\S+$/i.test(value)) return "Please enter a valid URL.";
  if (element.type === "number_input") return numberComplaint(element, value.trim());
  return null;
}

function numberComplaint(element, value) {
  if (!(element.is_decimal_allowed ? /^-?\d+(\.\d+)?$/ : /^-?\d+$/).test(value)) return element.is_decimal_allowed ? "Please enter a number." : "Please enter a whole number.";
  if (element.min_value !== undefined && Number(value) < Number(element.min_value)) return `Please enter a number of at least ${element.min_value}.`;
  if (element.max_value !== undefined && Number(value) > Number(element.max_value)) return `Please enter a number of at most ${element.max_value}.`;
  return null;
}
