// How does a `markdown` block look? Standard Markdown, the part Slack translates: headings, emphasis, code, lists, tasks,
// quotes, tables, rules and links. docs.slack.dev/reference/block-kit/blocks/markdown-block

import { el, link } from "./dom.js";
import { emojiNode } from "./mrkdwn.js";
import { emojiOf } from "./emoji.js";

export function markdown(text) {
  const root = el("div", { class: "markdown" });
  blocks(String(text ?? "").replace(/\r\n?/g, "\n").split("\n"), root, 0);
  return root;
}

const FENCE = /^\s{0,3}(```+|~~~+)\s*([\w+#.-]*)\s*$/;
const HEADING = /^\s{0,3}(#{1,6})\s+(.*?)\s*#*$/;
const RULE = /^\s{0,3}([-*_])(?:\s*\1){2,}\s*$/;
const ITEM = /^(\s*)([-*+]|\d{1,9}[.)])\s+(.*)$/;
const QUOTE = /^\s{0,3}>\s?(.*)$/;
const TABLE_RULE = /^\s*\|?\s*:?-+:?\s*(\|\s*:?-+:?\s*)*\|?\s*$/;
const DEPTH_MAX = 8; // quotes and lists deeper than this are shown flat

function blocks(lines, root, depth) {
  let at = 0;
  while (at < lines.length) {
    const line = lines[at];
    if (!line.trim()) at += 1;
    else if (FENCE.test(line)) at = fence(lines, at, root);
    else if (HEADING.test(line)) at = heading(lines, at, root);
    else if (RULE.test(line)) at = rule(at, root);
    else if (depth < DEPTH_MAX && QUOTE.test(line)) at = quote(lines, at, root, depth);
    else if (depth < DEPTH_MAX && ITEM.test(line)) at = list(lines, at, root, depth);
    else if (line.includes("|") && TABLE_RULE.test(lines[at + 1] ?? "") && (lines[at + 1] ?? "").includes("-")) at = table(lines, at, root);
    else at = paragraph(lines, at, root, depth);
  }
}

function fence(lines, at, root) {
  const mark = lines[at].match(FENCE)[1];
  let end = at + 1;
  while (end < lines.length && !lines[end].trim().startsWith(mark)) end += 1;
  root.append(el("pre", { class: "code-block" }, el("code", {}, lines.slice(at + 1, end).join("\n"))));
  return end + 1;
}

function heading(lines, at, root) {
  const [, marks, text] = lines[at].match(HEADING);
  root.append(el(`h${Math.min(6, marks.length + 2)}`, { class: `md-h md-h${marks.length}` }, span(text)));
  return at + 1;
}

function rule(at, root) {
  root.append(el("hr"));
  return at + 1;
}

function quote(lines, at, root, depth) {
  const inner = [];
  let end = at;
  while (end < lines.length && QUOTE.test(lines[end])) inner.push(lines[end++].match(QUOTE)[1]);
  const node = el("blockquote");
  blocks(inner, node, depth + 1);
  root.append(node);
  return end;
}

function list(lines, at, root, depth) {
  const [, lead, mark] = lines[at].match(ITEM);
  const ordered = /\d/.test(mark);
  const node = el(ordered ? "ol" : "ul", { start: ordered ? Number.parseInt(mark, 10) : null });
  let end = at;
  while (end < lines.length) {
    const found = lines[end].match(ITEM);
    if (!found || found[1].length < lead.length || /\d/.test(found[2]) !== ordered) break;
    const body = [found[3]];
    end += 1;
    const inside = found[1].length + 2;
    while (end < lines.length && (lines[end].trim() ? leading(lines[end]) >= inside : nextIsInside(lines, end, inside))) body.push(lines[end++].slice(inside));
    node.append(item(body, depth));
    while (end < lines.length && !lines[end].trim() && ITEM.test(lines[end + 1] ?? "")) end += 1;
  }
  root.append(node);
  return end;
}

const leading = (line) => line.length - line.trimStart().length;
const nextIsInside = (lines, at, inside) => Boolean(lines[at + 1]?.trim()) && leading(lines[at + 1]) >= inside;

function item(body, depth) {
  const task = body[0].match(/^\[([ xX])\]\s+(.*)$/);
  if (task) body[0] = task[2];
  const node = el("li", { class: task ? "task" : null });
  if (task) node.append(el("input", { type: "checkbox", disabled: true, checked: task[1] !== " ", "aria-label": "done" }));
  blocks(body, node, depth + 1);
  return node;
}

function cells(line) {
  const trimmed = line.trim().replace(/^\|/, "").replace(/\|$/, "");
  return trimmed.split(/(?<!\\)\|/).map((cell) => cell.trim().replace(/\\\|/g, "|"));
}

function table(lines, at, root) {
  const aligns = cells(lines[at + 1]).map((cell) => (/^:.*:$/.test(cell) ? "center" : cell.endsWith(":") ? "right" : "left"));
  const row = (line, tag) => el("tr", {}, cells(line).map((cell, index) => el(tag, { class: `align-${aligns[index] ?? "left"}` }, span(cell))));
  const body = el("tbody");
  let end = at + 2;
  while (end < lines.length && lines[end].includes("|") && lines[end].trim()) body.append(row(lines[end++], "td"));
  root.append(el("div", { class: "table-frame" }, el("table", { class: "grid" }, el("thead", {}, row(lines[at], "th")), body)));
  return end;
}

function paragraph(lines, at, root, depth) {
  const node = el("p");
  let end = at;
  do {
    if (end > at) node.append(el("br"));
    node.append(...span(lines[end].trim()));
    end += 1;
  } while (end < lines.length && lines[end].trim() && !starts(lines[end], depth));
  root.append(node);
  return end;
}

const starts = (line, depth) => FENCE.test(line) || HEADING.test(line) || (depth < DEPTH_MAX && (QUOTE.test(line) || ITEM.test(line)));

// Each way a span can start: the pattern (at the current place) and what it makes of the match.
const SPANS = [
  [/^\\([\\`*_{}[\]()#+\-.!~|>])/, (found) => found[1]],
  [/^(`+)([^`]|[^`].*?[^`])\1(?!`)/, (found) => el("code", { class: "code" }, found[2])],
  [/^!\[([^\]]*)\]\(([^()\s]+(?:\([^()\s]*\))?)[^)]*\)/, (found) => link(found[2], found[1] || found[2])],
  [/^\[([^\]]+)\]\(([^()\s]+(?:\([^()\s]*\))?)(?:\s+"[^"]*")?\)/, (found) => link(found[2], ...span(found[1]))],
  [/^<(https?:\/\/[^>\s]+)>/, (found) => link(found[1], found[1])],
  [/^\*\*(?=\S)(.+?\S|\S)\*\*/, (found) => el("strong", {}, span(found[1]))],
  [/^__(?=\S)(.+?\S|\S)__(?!\w)/, (found) => el("strong", {}, span(found[1]))],
  [/^~~(?=\S)(.+?\S|\S)~~/, (found) => el("del", {}, span(found[1]))],
  [/^\*(?=\S)([^*]*[^*\s])\*(?!\*)/, (found) => el("em", {}, span(found[1]))],
  [/^_(?=\S)([^_]*[^_\s])_(?!\w)/, (found) => el("em", {}, span(found[1]))],
  [/^https?:\/\/[^\s<>)\]]*[^\s<>)\].,;:!?'"]/, (found) => link(found[0], found[0])],
  [/^:([a-z0-9_+-]+):/, (found) => (emojiOf(found[1]) ? emojiNode(found[1]) : found[0])],
];

function span(text) {
  const nodes = [];
  let plain = "";
  let at = 0;
  while (at < text.length) {
    const found = /[\\`![<*_~h:]/.test(text[at]) ? spanAt(text, at) : null;
    if (found) {
      if (plain) nodes.push(plain);
      plain = "";
      nodes.push(found.node);
      at += found.length;
    } else plain += text[at++];
  }
  if (plain) nodes.push(plain);
  return nodes;
}

function spanAt(text, at) {
  if (/[_h]/.test(text[at]) && /\w/.test(text[at - 1] ?? "")) return null;
  const rest = text.slice(at);
  for (const [pattern, make] of SPANS) {
    const found = rest.match(pattern);
    if (found) return { node: make(found), length: found[0].length };
  }
  return null;
}
