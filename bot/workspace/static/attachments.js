// How do a message's (older) attachments look? A coloured bar with a title, text and fields, or blocks.

import { el, link } from "./dom.js";
import { image } from "./images.js";
import { mrkdwn, plainText } from "./mrkdwn.js";
import { dateOfTs, dayTitle } from "./times.js";

const NAMED = { good: "#2eb67d", warning: "#ecb22e", danger: "#e01e5a" };

export function attachment(object, surface, renderBlocks) {
  const color = NAMED[object.color] ?? (/^#?[0-9a-f]{6}$/i.test(object.color ?? "") ? `#${object.color.replace("#", "")}` : null);
  const bar = el("span", { class: "attachment-bar" });
  if (color) bar.style.backgroundColor = color;
  return el("div", { class: "attachment-frame" }, object.pretext && mrkdwn(object.pretext), el("div", { class: "attachment" }, bar, el("div", { class: "attachment-body" }, body(object, surface, renderBlocks))));
}

function body(object, surface, renderBlocks) {
  if (object.blocks?.length) return renderBlocks(object.blocks, surface);
  const words = object.text ?? (object.title || object.fields ? null : object.fallback);
  const known = [
    object.author_name && el("div", { class: "attachment-author" }, object.author_link ? link(object.author_link, object.author_name) : object.author_name),
    object.title && el("div", { class: "attachment-title" }, object.title_link ? link(object.title_link, plainText(object.title)) : plainText(object.title)),
    words && mrkdwn(words),
    object.fields && el("div", { class: "fields" }, object.fields.map((field) => el("div", { class: field.short ? "section-field" : "section-field wide" }, el("strong", {}, mrkdwn(field.title ?? "")), mrkdwn(String(field.value ?? ""))))),
    object.image_url && image({ image_url: object.image_url, alt_text: object.fallback ?? "" }),
    object.footer && el("div", { class: "quiet attachment-footer" }, object.footer, object.ts && ` | ${dayTitle(dateOfTs(object.ts))}`),
  ];
  return object.actions?.length ? [...known, el("div", { class: "unknown" }, "Attachment actions are not shown by this page")] : known;
}
