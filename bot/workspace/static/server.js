// How does the page ask the server for something, or do something there in the person's name?

import { state } from "./state.js";

const BASE = "/_workspace";

async function ask(path, options = {}) {
  let response;
  try {
    response = await fetch(BASE + path, options);
  } catch (error) {
    return { ok: false, error: "The local workspace cannot be reached", cause: String(error) };
  }
  try {
    return await response.json();
  } catch {
    return { ok: false, error: `The local workspace answered ${response.status} without JSON` };
  }
}

function send(path, body) {
  return ask(path, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });
}

function query(fields) {
  const given = Object.entries(fields).filter(([, value]) => value !== undefined && value !== null && value !== "");
  return new URLSearchParams(given).toString();
}

export const fetchState = (user) => ask(`/state?${query({ user })}`);

export async function fetchMessages(channel, { thread_ts, before, limit = 100 } = {}) {
  const answer = await ask(`/messages?${query({ user: state.me, channel, thread_ts, before, limit })}`);
  if (!answer.messages) return answer;
  const kept = answer.messages.filter((message) => !(message.ephemeral && sessionStorage.getItem(`dismissed ${message.ts}`)));
  return { ...answer, messages: kept };
}

/** Do it. What an app must acknowledge is answered when it has, or when it did not within Slack's three seconds. */
export function act(what, fields = {}) {
  return send("/act", { user: state.me, do: what, ...fields });
}

export const fetchFaults = () => ask("/faults");
export const setFaults = (faults) => send("/faults", faults);

/** Uploads files one after the other, each as a message (the text goes with the first); stops at the first failure.
 *  Without a channel the files are only kept: for a file field in a form. Gives {ok, files: [id, …]}. */
export async function upload(channel, files, { thread_ts, text } = {}) {
  const ids = [];
  for (const [nth, file] of files.entries()) {
    const form = new FormData();
    const fields = { user: state.me, channel, thread_ts, text: nth === 0 ? text : "" };
    for (const [name, value] of Object.entries(fields)) if (value) form.append(name, value);
    form.append("file", file, file.name);
    const answer = await ask("/upload", { method: "POST", body: form });
    if (answer.ok === false) return { ...answer, files: ids };
    ids.push(answer.file);
  }
  return { ok: true, files: ids };
}
