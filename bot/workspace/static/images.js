// When is a picture shown? When it comes from this machine. An address elsewhere is named instead of loaded: nothing leaves.

import { el, icon, link, safeUrl } from "./dom.js";
import { renderText } from "./mrkdwn.js";
import { state } from "./state.js";

function isLocal(address) {
  if (address.startsWith("/") && !address.startsWith("//")) return true;
  const url = safeUrl(address) && new URL(address);
  return Boolean(url) && (url.host === location.host || ["127.0.0.1", "localhost", "[::1]"].includes(url.hostname));
}

/** An image block, an image element (`small`) or anything with image_url | slack_file and alt_text. */
export function image(object, { small = false, title = object.title } = {}) {
  const address = object.image_url ?? object.slack_file?.url ?? fileAddress(object.slack_file?.id);
  const alt = object.alt_text ?? "";
  const picture = address && isLocal(address) ? loaded(address, alt, small) : named(address, alt, small);
  if (small) return picture;
  return el("figure", { class: "image-block" }, title && el("figcaption", {}, renderText(title)), picture);
}

const fileAddress = (id) => (id ? `/files-pri/${state.team.id}-${encodeURIComponent(id)}/file` : null);

function loaded(address, alt, small) {
  const node = el("img", { src: address, alt, class: small ? "thumb" : "picture", loading: "lazy", decoding: "async" });
  node.addEventListener("error", () => node.replaceWith(named(address, alt, small)));
  return node;
}

function named(address, alt, small) {
  const host = address && safeUrl(address) ? new URL(address).host : "no address";
  if (small) return el("span", { class: "thumb absent", role: "img", "aria-label": alt, title: `${alt} (${host}; not loaded)` }, icon("eye", 16));
  return el(
    "div",
    { class: "picture absent" },
    icon("eye", 22),
    el("span", { class: "absent-alt" }, alt),
    el("span", { class: "quiet" }, "Picture not loaded, nothing leaves this machine: ", address ? link(address, host) : host),
  );
}
