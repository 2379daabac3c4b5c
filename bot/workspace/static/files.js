// How does a file in a message look? A picture as a picture, anything else as a card to open, a text with its first lines.

import { el, icon } from "./dom.js";
import { image } from "./images.js";
import { escape, mrkdwn } from "./mrkdwn.js";

const UNITS = ["bytes", "kB", "MB", "GB"];

export function sizeWords(bytes) {
  if (!Number.isFinite(bytes)) return "";
  const power = bytes < 1000 ? 0 : Math.min(3, Math.floor(Math.log10(bytes) / 3));
  return `${(bytes / 1000 ** power).toFixed(power && bytes / 1000 ** power < 10 ? 1 : 0)} ${UNITS[power]}`;
}

export function fileNode(file) {
  const address = file.url_private ?? file.permalink;
  if (file.mode === "tombstone") return el("div", { class: "file-card quiet" }, "This file was deleted.");
  const name = file.title || file.name || file.id;
  const title = { type: "plain_text", text: escape(name), emoji: false };
  if (file.mimetype?.startsWith("image/") && address) return image({ image_url: address, alt_text: file.alt_txt || name, title });
  const kind = [file.pretty_type ?? file.filetype ?? file.mimetype, sizeWords(file.size)].filter(Boolean).join(" · ");
  const words = el("div", {}, el("div", { class: "card-title" }, name), el("div", { class: "quiet" }, kind));
  const card = sameOrigin(address) ? el("a", { class: "file-card", href: address, download: file.name ?? "" }, icon("file", 26), words) : el("div", { class: "file-card" }, icon("file", 26), words);
  return el("div", { class: "file" }, file.initial_comment?.comment && mrkdwn(file.initial_comment.comment), card, file.preview && el("pre", { class: "code-block" }, file.preview));
}

function sameOrigin(address) {
  try {
    return new URL(address, location.href).origin === location.origin;
  } catch {
    return false;
  }
}
