// How is an instant written for the person at the screen? In their own time zone, the way Slack words it.

import { timeZone } from "./state.js";

const formatters = new Map();

function format(options, date) {
  const zone = timeZone();
  const key = zone + JSON.stringify(options);
  if (!formatters.has(key)) formatters.set(key, new Intl.DateTimeFormat("en-US", { timeZone: zone, ...options }));
  return formatters.get(key).format(date);
}

export const dateOfTs = (ts) => new Date(Number.parseFloat(ts) * 1000);

const TIME = { hour: "numeric", minute: "2-digit" };
const NUMBERS = { year: "numeric", month: "2-digit", day: "2-digit" };

export const clockTime = (date) => format(TIME, date);
export const dayKey = (date) => format(NUMBERS, date);

function ordinal(day) {
  if (day % 100 >= 11 && day % 100 <= 13) return `${day}th`;
  return day + ({ 1: "st", 2: "nd", 3: "rd" }[day % 10] ?? "th");
}

const year = (date) => format({ year: "numeric" }, date);
const monthDay = (date, month = "long") => `${format({ month }, date)} ${ordinal(Number(format({ day: "numeric" }, date)))}`;
const weekday = (date) => format({ weekday: "long" }, date);
const unlessThisYear = (text, date) => (year(date) === year(new Date()) ? text : `${text}, ${year(date)}`);
const isNear = (date) => Math.abs(date - new Date()) < 182 * 86400000;

function nearDay(date, now = new Date()) {
  const day = dayKey(date);
  if (day === dayKey(now)) return "Today";
  if (day === dayKey(new Date(now.getTime() - 86400000))) return "Yesterday";
  if (day === dayKey(new Date(now.getTime() + 86400000))) return "Tomorrow";
  return null;
}

/** "Today", "Yesterday" or "Wednesday, June 3rd": the words on a date divider. */
export const dayTitle = (date) => nearDay(date) ?? unlessThisYear(`${weekday(date)}, ${monthDay(date)}`, date);

export const fullTime = (date) => format({ dateStyle: "full", timeStyle: "long" }, date);

/** "just now", "5 minutes ago", "Yesterday at 9:14 AM": for "last reply …". */
export function ago(date, now = new Date()) {
  const seconds = Math.round((now - date) / 1000);
  if (seconds < 0) return `${nearDay(date) ?? unlessThisYear(monthDay(date, "short"), date)} at ${clockTime(date)}`;
  if (seconds < 45) return "just now";
  const count = (n, unit) => `${n} ${unit}${n === 1 ? "" : "s"} ago`;
  if (seconds < 3600) return count(Math.max(1, Math.round(seconds / 60)), "minute");
  if (seconds < 86400) return count(Math.round(seconds / 3600), "hour");
  return `${nearDay(date) ?? unlessThisYear(monthDay(date, "short"), date)} at ${clockTime(date)}`;
}

// docs.slack.dev/messaging/formatting-message-text#date-formatting; {date} leaves the year out within six months
const DATE_TOKENS = {
  date_num: (date) => format(NUMBERS, date).replace(/(\d+)\/(\d+)\/(\d+)/, "$3-$1-$2"),
  date_slash: (date) => format(NUMBERS, date),
  date: (date) => (isNear(date) ? monthDay(date) : `${monthDay(date)}, ${year(date)}`),
  date_short: (date) => format({ month: "short", day: "numeric", year: "numeric" }, date),
  date_long: (date) => `${weekday(date)}, ${monthDay(date)}, ${year(date)}`,
  date_long_full: (date) => format({ month: "long", day: "numeric", year: "numeric" }, date),
  date_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date(date),
  date_short_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date_short(date),
  date_long_pretty: (date) => nearDay(date) ?? DATE_TOKENS.date_long(date),
  time: (date) => clockTime(date),
  time_secs: (date) => format({ ...TIME, second: "2-digit" }, date),
  day_divider_pretty: (date) => dayTitle(date),
  ago: (date) => ago(date),
};

/** The text of `<!date^ts^tokens|fallback>`, or null if it cannot be formatted (the fallback is shown then).
 *  As in Slack, "today" inside a sentence is written small. */
export function formatDateTokens(seconds, tokens) {
  const at = new Date(Number(seconds) * 1000);
  if (!/^\d+$/.test(seconds) || Number.isNaN(at.getTime())) return null;
  let known = true;
  const text = tokens.replace(/\{(\w+)\}/g, (whole, name, offset) => {
    if (!DATE_TOKENS[name]) {
      known = false;
      return whole;
    }
    const words = DATE_TOKENS[name](at);
    return offset > 0 && name.endsWith("_pretty") ? words.replace(/^(Today|Yesterday|Tomorrow)/, (day) => day.toLowerCase()) : words;
  });
  return known ? text : null;
}

const PARTS = { year: "numeric", month: "2-digit", day: "2-digit", hour: "2-digit", minute: "2-digit", hourCycle: "h23" };

/** "2026-11-21T09:30" on the person's wall clock at that instant (epoch seconds): the value of a datetime-local input. */
export function wallClock(epochSeconds) {
  const parts = new Intl.DateTimeFormat("en-CA", { timeZone: timeZone(), ...PARTS }).formatToParts(new Date(epochSeconds * 1000));
  const part = (type) => parts.find((each) => each.type === type).value;
  return `${part("year")}-${part("month")}-${part("day")}T${part("hour")}:${part("minute")}`;
}

/** The instant (epoch seconds) at which the person's wall clock shows `local`; two rounds settle summer-time edges. */
export function epochOfWallClock(local) {
  const wanted = Date.parse(`${local}:00Z`) / 1000;
  let guess = wanted;
  for (let round = 0; round < 2; round++) guess += wanted - Date.parse(`${wallClock(guess)}:00Z`) / 1000;
  return guess;
}
