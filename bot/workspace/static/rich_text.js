// How does a rich_text block look? docs.slack.dev/reference/block-kit/blocks/rich-text-block

import { el, link } from "./dom.js";
import { broadcast, channelMention, dateNode, emojiNode, userMention } from "./mrkdwn.js";
import { emojiOf } from "./emoji.js";
import { groupName } from "./state.js";

export function richText(block) {
  const root = el("div", { class: "rich-text" });
  const counters = new Map(); // ordered lists interrupted by deeper ones go on counting
  for (const part of block.elements ?? []) {
    if (part.type === "rich_text_list") root.append(list(part, counters));
    else {
      counters.clear();
      root.append(container(part));
    }
  }
  return root;
}

function container(part) {
  const content = (part.elements ?? []).map(inlineElement);
  if (part.type === "rich_text_section") return el("div", { class: onlyEmoji(part) ? "rt-section big-emoji" : "rt-section" }, content);
  if (part.type === "rich_text_preformatted") return el("pre", { class: "code-block" }, el("code", {}, content));
  if (part.type === "rich_text_quote") return el("blockquote", {}, content);
  return el("div", { class: "unknown-inline" }, `[rich text part this page does not know: ${part.type}]`);
}

const onlyEmoji = (part) =>
  part.elements?.length > 0 && part.elements.every((each) => each.type === "emoji" || (each.type === "text" && !each.text.trim()));

const BULLETS = ["disc", "circle", "square"];
const NUMBERS = ["decimal", "lower-alpha", "lower-roman"];

function list(part, counters) {
  const depth = part.indent ?? 0;
  const ordered = part.style === "ordered";
  const start = (part.offset ?? 0) + 1 + (part.offset ? 0 : (counters.get(depth) ?? 0));
  counters.set(depth, start - 1 + (part.elements?.length ?? 0));
  for (const deeper of [...counters.keys()]) if (deeper > depth) counters.delete(deeper);
  return el(
    ordered ? "ol" : "ul",
    { class: "rt-list", start: ordered ? start : null, style: { "list-style-type": (ordered ? NUMBERS : BULLETS)[depth % 3], "--depth": String(depth) } },
    (part.elements ?? []).map((item) => el("li", {}, (item.elements ?? []).map(inlineElement))),
  );
}

const INLINE = {
  text: (item) => document.createTextNode(item.text ?? ""),
  emoji: (item) => (emojiOf(item.name) || !item.unicode ? emojiNode(item.name) : unicodeEmoji(item)),
  link: (item) => link(item.url, item.text || item.url),
  user: (item) => userMention(item.user_id),
  channel: (item) => channelMention(item.channel_id),
  usergroup: (item) => el("span", { class: "mention" }, groupName(item.usergroup_id) ?? `@${item.usergroup_id}`),
  team: (item) => el("span", { class: "mention" }, `@${item.team_id}`),
  broadcast: (item) => broadcast(item.range),
  color: (item) => [el("span", { class: "swatch", style: { "background-color": item.value } }), item.value],
  date: (item) => dateNode([String(item.timestamp), item.format ?? "{date}", item.url], item.fallback ?? ""),
};

function unicodeEmoji(item) {
  const points = item.unicode.split("-").map((point) => Number.parseInt(point, 16));
  if (points.some(Number.isNaN)) return document.createTextNode(`:${item.name}:`);
  return el("span", { class: "emoji", role: "img", "aria-label": `${item.name} emoji` }, String.fromCodePoint(...points));
}

function inlineElement(item) {
  const make = INLINE[item.type];
  if (!make) return el("span", { class: "unknown-inline" }, `[${item.type}]`);
  return styled(make(item), item.style ?? {});
}

function styled(content, style) {
  let node = content;
  if (style.code) node = el("code", { class: "code" }, node);
  if (style.bold) node = el("strong", {}, node);
  if (style.italic) node = el("em", {}, node);
  if (style.strike) node = el("del", {}, node);
  if (style.underline) node = el("u", {}, node);
  return node;
}
