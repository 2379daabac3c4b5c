// How does a text in Slack's mrkdwn look? It is parsed to nodes one character at a time; nothing in it becomes markup
// that this file did not make. Grammar: docs.slack.dev/messaging/formatting-message-text

import { el, link } from "./dom.js";
import { emojiOf } from "./emoji.js";
import { channelLabel, displayName, emit, groupName, state } from "./state.js";
import { formatDateTokens, fullTime } from "./times.js";

const ENTITIES = { "&amp;": "&", "&lt;": "<", "&gt;": ">" };
const MARKS = { "*": ["strong", "b"], _: ["em", "i"], "~": ["del", "s"] };
const WORD = /[\p{L}\p{N}]/u;
const BARE_URL = /^https?:\/\/[^\s<>|`]+/;
const EMOJI = /^:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/;

/** Only Slack's three entities are undone, and only once. */
export const unescape = (text) => text.replace(/&(?:amp|lt|gt);/g, (entity) => ENTITIES[entity]);
export const escape = (text) => text.replace(/&/g, "&amp;").replace(/</g, "&lt;").replace(/>/g, "&gt;");

/** A text object ({type: "mrkdwn" | "plain_text", text}) or a string (mrkdwn) as nodes in a <span> or <div>. */
export function renderText(object, props = {}) {
  if (typeof object === "string") return mrkdwn(object, props);
  if (object?.type === "plain_text") return plainText(object, props);
  return mrkdwn(object?.text ?? "", { ...props, verbatim: object?.verbatim });
}

/** plain_text: no formatting; shortcodes become pictures unless `emoji` is false. */
export function plainText(object, props = {}) {
  const node = el(props.tag ?? "span", { class: ["plain", props.class].filter(Boolean).join(" ") });
  const text = typeof object === "string" ? object : String(object?.text ?? "");
  if (object?.emoji === false) {
    node.append(unescape(text));
    return node;
  }
  let rest = text;
  while (rest) {
    const found = rest.match(/:([a-z0-9_+'-]+(?:::skin-tone-[2-6])?):/);
    const picture = found && emojiOf(found[1]);
    if (!found) break;
    const until = found.index + (picture ? 0 : found[0].length - 1);
    node.append(unescape(rest.slice(0, until)));
    if (picture) node.append(emojiNode(found[1]));
    rest = rest.slice(picture ? found.index + found[0].length : until);
  }
  node.append(unescape(rest));
  return node;
}

export function emojiNode(name) {
  const picture = emojiOf(name);
  if (!picture) return document.createTextNode(`:${name}:`);
  return el("span", { class: "emoji", role: "img", "aria-label": `${name} emoji`, title: `:${name}:`, text: picture });
}

export function mrkdwn(text, { verbatim = false, class: extra = "" } = {}) {
  const root = el("div", { class: `mrkdwn ${extra}`.trim() });
  for (const part of splitFences(String(text))) {
    if (part.pre !== undefined) root.append(el("pre", { class: "code-block" }, el("code", {}, codeNodes(part.pre))));
    else appendLines(root, part.text, verbatim);
  }
  return root;
}

function splitFences(text) {
  const parts = [];
  let rest = text;
  for (;;) {
    const start = rest.indexOf("```");
    const end = start < 0 ? -1 : rest.indexOf("```", start + 3);
    if (end < 0 || end === start + 3) break;
    parts.push({ text: rest.slice(0, start).replace(/\n$/, "") }, { pre: rest.slice(start + 3, end).replace(/^\n/, "").replace(/\n$/, "") });
    rest = rest.slice(end + 3).replace(/^\n/, "");
  }
  parts.push({ text: rest });
  return parts.filter((part) => part.pre !== undefined || part.text !== "");
}

const QUOTE = /^(?:&gt;|>)(?!(?:&gt;|>){2}) ?/;
const LONG_QUOTE = /^(?:&gt;|>){3} ?/;
const ITEM = /^(\s*)([•◦▪‣–-]|\d{1,3}[.)])\s+\S/;

function appendLines(root, text, verbatim) {
  const lines = text.split("\n");
  let quote = null;
  lines.forEach((line, index) => {
    if (quote?.dataset.long || LONG_QUOTE.test(line)) {
      quote ??= root.appendChild(el("blockquote", { data: { long: "yes" } }));
      quote.append(lineNode(line.replace(LONG_QUOTE, ""), verbatim));
    } else if (QUOTE.test(line)) {
      quote ??= root.appendChild(el("blockquote"));
      quote.append(lineNode(line.replace(QUOTE, ""), verbatim));
    } else {
      quote = null;
      root.append(lineNode(line, verbatim, index));
    }
  });
}

// Slack has no lists in mrkdwn: the bullet is a character. It stays one; only the wrapped lines hang.
function lineNode(line, verbatim) {
  const item = line.match(ITEM);
  const kind = item ? `line item depth-${Math.min(3, Math.floor(item[1].length / 2))}` : "line";
  const node = el("div", { class: line.trim() === "" ? "line empty" : kind });
  node.append(...inline(item ? line.slice(item[1].length) : line, verbatim));
  return node;
}

const DEPTH_MAX = 5; // there are three marks; deeper nesting than this is nobody's intention

/** One line of mrkdwn as nodes. `verbatim`: bare addresses do not become links. */
export function inline(text, verbatim = false, depth = 0) {
  const nodes = [];
  const line = { text, verbatim, depth, unclosed: new Set() }; // marks known not to close any more: looked for once
  let plain = "";
  const flush = () => {
    if (plain) nodes.push(document.createTextNode(plain));
    plain = "";
  };
  let at = 0;
  while (at < text.length) {
    const found = token(line, at);
    if (!found) {
      plain += text[at++];
    } else {
      if (typeof found.node === "string") plain += found.node;
      else {
        flush();
        nodes.push(found.node);
      }
      at = found.end;
    }
  }
  flush();
  return nodes;
}

function token(line, at) {
  const { text } = line;
  const char = text[at];
  if (char === "&") return entity(text, at);
  if (char === "<") return once(line, "<", () => text.indexOf(">", at) >= 0) && angle(text, at);
  if (char === "`") return once(line, "`", () => text.indexOf("`", at + 1) >= 0) && code(text, at);
  if (MARKS[char]) return marked(line, at);
  if (char === ":") return emojiToken(text, at);
  if (char === "h" && !line.verbatim && !WORD.test(text[at - 1] ?? "")) return bareUrl(text, at);
  return null;
}

// Whether a mark still closes behind here; a no holds for the rest of the line, so that no text takes quadratic time.
function once(line, mark, closes) {
  if (line.unclosed.has(mark)) return false;
  if (closes()) return true;
  line.unclosed.add(mark);
  return false;
}

function entity(text, at) {
  const found = text.slice(at, at + 5).match(/^&(?:amp|lt|gt);/);
  return found && { node: ENTITIES[found[0]], end: at + found[0].length };
}

function emojiToken(text, at) {
  const found = text.slice(at, at + 64).match(EMOJI);
  return found && emojiOf(found[1]) ? { node: emojiNode(found[1]), end: at + found[0].length } : null;
}

function code(text, at) {
  const end = text.indexOf("`", at + 1);
  if (end < 0 || end === at + 1) return null;
  return { node: el("code", { class: "code" }, codeNodes(text.slice(at + 1, end))), end: end + 1 };
}

// Inside code only entities and <…> have a meaning.
function codeNodes(text) {
  return text.split(/(<[^<>\n]+>)/).map((piece) => (piece.startsWith("<") && angle(piece, 0)?.node) || unescape(piece));
}

function marked(line, at) {
  const { text } = line;
  const mark = text[at];
  if (line.depth >= DEPTH_MAX || WORD.test(text[at - 1] ?? "") || text[at - 1] === mark || /\s|^$/.test(text[at + 1] ?? "") || text[at + 1] === mark) return null;
  let end = -1;
  if (!once(line, mark, () => (end = closing(text, at + 1, mark)) >= 0)) return null;
  return { node: el(MARKS[mark][0], {}, inline(text.slice(at + 1, end), line.verbatim, line.depth + 1)), end: end + 1 };
}

function closing(text, from, mark) {
  const skipTo = { "`": "`", "<": ">" };
  for (let at = from; at < text.length; at++) {
    const until = skipTo[text[at]];
    if (until) {
      const skip = text.indexOf(until, at + 1);
      if (skip > 0) at = skip;
      else delete skipTo[text[at]];
    } else if (text[at] === mark && !/\s/.test(text[at - 1]) && !WORD.test(text[at + 1] ?? "") && text[at + 1] !== mark) {
      return at;
    }
  }
  return -1;
}

function bareUrl(text, at) {
  const found = text.slice(at, at + 3000).match(BARE_URL);
  if (!found) return null;
  const address = found[0].replace(/(?:[.,;:!?'")\]*_~]|&gt;|&lt;)+$/, "");
  return { node: link(unescape(address), unescape(address)), end: at + address.length };
}

/** `<…>`: a mention, a date, a special word or a link. What is none of these stays as it was written. */
function angle(text, at) {
  const end = text.indexOf(">", at);
  const inside = end < 0 ? "" : text.slice(at + 1, end);
  if (!inside || inside.includes("<") || inside.includes("\n")) return null;
  const bar = inside.indexOf("|");
  const target = bar < 0 ? inside : inside.slice(0, bar);
  const label = bar < 0 ? "" : unescape(inside.slice(bar + 1));
  const node = angleNode(target, label);
  return node && { node, end: end + 1 };
}

function angleNode(target, label) {
  if (/^@[UWB][A-Z0-9]+$/.test(target)) return userMention(target.slice(1), label);
  if (/^#[CGD][A-Z0-9]+$/.test(target)) return channelMention(target.slice(1), label);
  if (target.startsWith("!")) return special(target.slice(1), label);
  if (!/^(https?:\/\/|mailto:|tel:)/i.test(target)) return null;
  const address = unescape(target);
  return link(address, ...(label ? labelNodes(label) : [address.replace(/^(mailto|tel):/, "")]));
}

const labelNodes = (label) => inline(escape(label), true).filter(Boolean);

export function userMention(id, label = "") {
  const user = state.users.get(id);
  const mine = id === state.me;
  return el("span", { class: mine ? "mention mine" : "mention", data: { user: id } }, `@${user ? displayName(user) : label || id}`);
}

export function channelMention(id, label = "") {
  const channel = state.channels.get(id);
  const name = `#${channel ? channelLabel(channel) : label || id}`;
  if (!channel) return el("span", { class: "mention" }, name);
  return el("button", { type: "button", class: "mention channel-mention", on: { click: () => emit("open-channel", { channel: id }) } }, name);
}

export function broadcast(range) {
  return el("span", { class: "mention broadcast" }, `@${range}`);
}

function special(word, label) {
  if (["here", "channel", "everyone", "group"].includes(word)) return broadcast(word);
  if (word.startsWith("subteam^")) return el("span", { class: "mention" }, groupName(word.slice(8)) ?? (label || `@${word.slice(8)}`));
  if (word.startsWith("date^")) return dateNode(word.split("^").slice(1), label);
  return label ? document.createTextNode(label) : document.createTextNode(`<${word}>`);
}

export function dateNode([seconds, tokens = "", address], fallback) {
  const words = formatDateTokens(seconds, unescape(tokens));
  if (words === null) return document.createTextNode(fallback);
  const node = el("time", { class: "date", datetime: new Date(seconds * 1000).toISOString(), title: fullTime(new Date(seconds * 1000)) }, words);
  return address ? link(unescape(address), node) : node;
}

/** The text without its formatting: for labels, announcements and notices. */
export function toPlain(text) {
  return mrkdwn(String(text ?? "")).textContent;
}
