// How does what a person types become Slack's mrkdwn, and how does it become typable again for editing?

import { escape, unescape } from "./mrkdwn.js";
import { state } from "./state.js";

const BROADCASTS = new Set(["here", "channel", "everyone"]);

/** "@ana look at <x> in #random" → "<@U1> look at &lt;x&gt; in <#C2>". Inside code nothing but the three entities changes. */
export function slackText(typed) {
  return typed
    .split(/(```[\s\S]*?```|`[^`\n]+`)/)
    .map((part, index) => (index % 2 ? escape(part) : withMentions(part)))
    .join("");
}

function withMentions(text) {
  return escape(text)
    .replace(/(^|[^\w/@])@([\w.-]*\w)/g, (whole, before, name) => before + (userToken(name) ?? `@${name}`))
    .replace(/(^|[^\w/&])#([a-z0-9_-]+)/g, (whole, before, name) => before + (channelToken(name) ?? `#${name}`))
    .replace(/(^|[\s(])(https?:\/\/[^\s<>|]*[^\s<>|.,;:!?)'"*_~])/g, "$1<$2>");
}

function userToken(name) {
  if (BROADCASTS.has(name)) return `<!${name}>`;
  const user = [...state.users.values()].find((each) => each.name === name);
  return user ? `<@${user.id}>` : null;
}

function channelToken(name) {
  const channel = [...state.channels.values()].find((each) => each.name === name && (each.kind === "channel" || each.kind === "private"));
  return channel ? `<#${channel.id}>` : null;
}

/** The reverse, for the editor and the clipboard. */
export function composerText(text) {
  const plain = String(text).replace(/<([^<>\n]+)>/g, (whole, inside) => {
    const [target, label] = inside.split("|");
    if (target.startsWith("@")) return `@${state.users.get(target.slice(1))?.name ?? label ?? target.slice(1)}`;
    if (target.startsWith("#")) return `#${state.channels.get(target.slice(1))?.name ?? label ?? target.slice(1)}`;
    if (target.startsWith("!")) return BROADCASTS.has(target.slice(1)) ? `@${target.slice(1)}` : (label ?? whole);
    return /^(https?:|mailto:|tel:)/.test(target) ? target : whole;
  });
  return unescape(plain);
}
