// What does the page know of the workspace right now, and who wants to hear when that changes?

export const state = {
  me: null,
  team: { name: "" },
  users: new Map(),
  channels: new Map(),
  commands: [],
  shortcuts: [],
  apps: [],
  groups: new Map(),
  faults: {},
  channel: null, // id of the open channel
  app: null, // id of the app whose Home is open
  thread: null, // ts of the open thread's root
};

const listeners = new Map();

export function on(name, listener) {
  if (!listeners.has(name)) listeners.set(name, []);
  listeners.get(name).push(listener);
}

export function emit(name, detail) {
  for (const listener of listeners.get(name) ?? []) listener(detail);
}

export function take(answer) {
  state.me = typeof answer.me === "object" ? answer.me.id : answer.me;
  state.team = answer.team;
  state.users = new Map(answer.users.map((user) => [user.id, user]));
  state.channels = new Map(answer.channels.map((channel) => [channel.id, channel]));
  state.commands = answer.commands ?? [];
  state.shortcuts = answer.shortcuts ?? [];
  state.apps = answer.apps ?? [];
  state.groups = new Map((answer.groups ?? []).map((group) => [group.id, group]));
  state.faults = answer.faults ?? {};
  emit("state");
}

export const me = () => state.users.get(state.me) ?? { id: state.me, name: state.me };

export function displayName(user) {
  if (!user) return "someone";
  return user.real_name || user.name || user.id;
}

export const userName = (id) => displayName(state.users.get(id) ?? { id });

/** The zone times are shown in: the person's own, or the browser's if the server names none we know. */
export function timeZone() {
  const zone = me().tz;
  if (!zone) return undefined;
  try {
    new Intl.DateTimeFormat("en", { timeZone: zone });
    return zone;
  } catch {
    return undefined;
  }
}

export function channelLabel(channel) {
  if (!channel) return "unknown";
  if (channel.kind === "im") return userName(channel.user ?? channel.name);
  if (channel.kind === "mpim" && channel.users) return channel.users.filter((id) => id !== state.me).map(userName).join(", ");
  return channel.name;
}

export const isDirect = (channel) => channel?.kind === "im" || channel?.kind === "mpim";

/** A user group's "@handle", or null when it is not known. */
export function groupName(id) {
  const group = state.groups.get(id);
  return group ? `@${group.handle || group.name}` : null;
}

export function appOfBot(userId) {
  return state.apps.find((app) => app.bot_user === userId);
}

export function directWith(userId) {
  return [...state.channels.values()].find((channel) => channel.kind === "im" && channel.user === userId);
}
