// How does each layout block look? A block this page does not know is shown as such, with its JSON to read.
// docs.slack.dev/reference/block-kit/blocks

import { el, icon, uniqueId } from "./dom.js";
import { interactive } from "./elements.js";
import { image } from "./images.js";
import { markdown } from "./markdown.js";
import { renderText } from "./mrkdwn.js";
import { richText } from "./rich_text.js";
import { chart } from "./charts.js";
import { dataTable, table } from "./tables.js";
import { alert, card, carousel, container, file, plan, taskCard, video } from "./cards.js";

/** The nodes of `blocks` on `surface`. `options.changed` is called when something in an input block changed. */
export function renderBlocks(blocks, surface, options = {}) {
  return (blocks ?? []).map((block, index) => renderBlock(block, surface, { ...options, index }));
}

function renderBlock(block, surface, options) {
  const make = Object.hasOwn(BLOCKS, block?.type ?? "") ? BLOCKS[block.type] : unknown;
  const blockId = block?.block_id ?? `at-${options.index}`;
  let content;
  try {
    content = make(block, { surface, blockId, ...options });
  } catch (error) {
    content = unknown(block, {}, `could not be shown (${error.message})`);
  }
  return el("div", { class: `block block-${make === unknown ? "unknown" : block.type}`, data: { blockId } }, content);
}

const BLOCKS = {
  header: (block) => el(`h${1 + Math.min(4, block.level ?? 1)}`, { class: `header-block level-${block.level ?? 1}` }, renderText(block.text)),
  section,
  divider: () => el("hr"),
  context,
  context_actions: actions,
  actions,
  image: (block) => image(block),
  rich_text: (block) => richText(block),
  markdown: (block) => markdown(block.text),
  input,
  table: (block) => table(block),
  data_table: (block) => dataTable(block),
  data_visualization: (block) => chart(block),
  alert,
  card: (block, context) => card(block, context),
  carousel: (block, context) => carousel(block, context),
  container: (block, context) => container(block, context, renderBlocks),
  file,
  video,
  plan,
  task_card: taskCard,
};

function unknown(block, _context, why = "is not known to this page") {
  const json = JSON.stringify(block, null, 2) ?? "null";
  return el(
    "details",
    { class: "unknown" },
    el("summary", {}, icon("warn", 15), ` The block “${block?.type ?? typeof block}” ${why}`),
    el("pre", { class: "code-block" }, json.length > 4000 ? `${json.slice(0, 4000)}…` : json),
  );
}

function section(block, context) {
  const words = el(
    "div",
    { class: "section-words" },
    block.text && renderText(block.text),
    block.fields && el("div", { class: "fields" }, block.fields.map((field) => el("div", { class: "section-field" }, renderText(field)))),
  );
  const accessory = block.accessory && el("div", { class: `accessory accessory-${block.accessory.type}` }, interactive(block.accessory, context));
  return el("div", { class: "section" }, words, accessory);
}

function context(block) {
  const parts = (block.elements ?? []).map((each) => (each.type === "image" ? image(each, { small: true }) : renderText(each)));
  return el("div", { class: "context" }, parts);
}

function actions(block, context) {
  return el("div", { class: "actions" }, (block.elements ?? []).map((each) => interactive(each, context)));
}

function input(block, context) {
  const fieldId = uniqueId("field");
  const errorId = uniqueId("error");
  const label = el("label", { class: "input-label", for: fieldId }, renderText(block.label), block.optional && el("span", { class: "quiet" }, " (optional)"));
  const inForm = !block.dispatch_action;
  const element = interactive(block.element ?? {}, { ...context, fieldId, inForm, dispatch: Boolean(block.dispatch_action), label: block.label?.text });
  const target = element.matches("input, textarea, button") ? element : element.querySelector("input, textarea, button");
  target?.setAttribute("aria-describedby", errorId);
  if (target && !block.optional && target.type !== "file") target.setAttribute(target.matches("[type=radio], [type=checkbox]") ? "data-required" : "aria-required", "true");
  return el(
    "div",
    { class: "input-block", data: { inputBlock: block.block_id ?? "" } },
    label,
    element,
    el("div", { class: "input-error", id: errorId, hidden: true }),
    block.hint && el("div", { class: "input-hint" }, renderText(block.hint)),
  );
}
