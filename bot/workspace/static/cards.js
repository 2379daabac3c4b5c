// How do the composed blocks look: alerts, cards, carousels, containers, files, videos, plans and tasks?

import { el, icon, link } from "./dom.js";
import { interactive } from "./elements.js";
import { image } from "./images.js";
import { renderText } from "./mrkdwn.js";
import { richText } from "./rich_text.js";

const LEVELS = { default: "info", info: "info", warning: "warn", error: "warn", success: "check" };

export function alert(block) {
  const level = Object.hasOwn(LEVELS, block.level) ? block.level : "default";
  return el("div", { class: `alert alert-${level}`, role: "note" }, icon(LEVELS[level]), el("span", { class: "visually-hidden" }, `${level}: `), renderText(block.text));
}

export function card(block, context) {
  const picture = block.hero_image && el("div", { class: "card-hero" }, image(block.hero_image));
  const mark = block.icon ? image(block.icon, { small: true }) : block.slack_icon && icon("bolt", 20);
  return el(
    "div",
    { class: "card" },
    picture,
    el(
      "div",
      { class: "card-words" },
      el("div", { class: "card-head" }, mark, el("div", {}, block.title && el("div", { class: "card-title" }, renderText(block.title)), block.subtitle && el("div", { class: "quiet" }, renderText(block.subtitle)))),
      block.body && el("div", { class: "card-body" }, renderText(block.body)),
      block.subtext && el("div", { class: "card-subtext quiet" }, renderText(block.subtext)),
      block.actions && el("div", { class: "actions" }, block.actions.map((each) => interactive(each, context))),
    ),
  );
}

export function carousel(block, context) {
  return el("div", { class: "carousel", role: "group", tabindex: "0", "aria-label": `${block.elements?.length ?? 0} cards` }, (block.elements ?? []).map((each) => card(each, { ...context, blockId: each.block_id ?? context.blockId })));
}

export function container(block, context, renderBlocks) {
  const head = [block.icon && image(block.icon, { small: true }), el("div", {}, block.title && el("div", { class: "card-title" }, renderText(block.title)), block.subtitle && el("div", { class: "quiet" }, renderText(block.subtitle)))];
  const children = el("div", { class: "container-body" }, renderBlocks(block.child_blocks, context.surface, { changed: context.changed }));
  const look = `container${block.has_header_divider ? " divided" : ""}`;
  if (!block.is_collapsible) return el("div", { class: look }, el("div", { class: "card-head" }, head), children);
  return el("details", { class: look, open: !block.default_collapsed }, el("summary", { class: "card-head" }, head), children);
}

export function file(block) {
  return el("div", { class: "file-card" }, icon("file", 26), el("div", {}, el("div", { class: "card-title" }, "Remote file"), el("div", { class: "quiet" }, block.external_id ?? "")));
}

export function video(block) {
  const title = block.title_url ? link(block.title_url, renderText(block.title)) : renderText(block.title);
  return el(
    "div",
    { class: "video" },
    el("div", { class: "card-title" }, title),
    block.description && el("div", {}, renderText(block.description)),
    el("div", { class: "video-frame" }, icon("play", 34), el("span", { class: "visually-hidden" }, block.alt_text ?? "Video"), el("span", { class: "quiet" }, "Videos are not played here: ", link(block.video_url, block.provider_name ?? "open it"))),
    block.author_name && el("div", { class: "quiet" }, block.author_name),
  );
}

const STATUSES = { pending: ["○", "pending"], in_progress: ["◐", "in progress"], complete: ["✓", "done"], error: ["!", "failed"] };

export function taskCard(task) {
  const [mark, words] = STATUSES[task.status] ?? ["?", task.status ?? "unknown"];
  const detail = [task.details && richText(task.details), task.output && richText(task.output), task.sources && sources(task.sources)].filter(Boolean);
  const head = [el("span", { class: `task-mark task-${task.status}`, role: "img", "aria-label": words }, mark), el("span", { class: "task-title" }, task.title ?? "")];
  if (!detail.length) return el("div", { class: "task" }, el("div", { class: "task-head" }, head));
  return el("details", { class: "task", open: true }, el("summary", { class: "task-head" }, head), el("div", { class: "task-detail" }, detail));
}

function sources(list) {
  return el("div", { class: "task-sources" }, list.map((source) => link(source.url, source.text ?? source.url)));
}

export function plan(block) {
  const tasks = block.tasks ?? [];
  return el("div", { class: "plan" }, el("div", { class: "plan-head" }, el("strong", {}, block.title ?? "Plan")), tasks.map(taskCard));
}
