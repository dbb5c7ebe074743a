import { el } from "./element.js";

const clock = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });
const clockWithSeconds = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit", second: "2-digit" });
const day = new Intl.DateTimeFormat(undefined, { weekday: "short", day: "numeric", month: "short" });
const full = new Intl.DateTimeFormat(undefined, { dateStyle: "full", timeStyle: "long" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const midnight = (date) => new Date(date.getFullYear(), date.getMonth(), date.getDate());

/** Whole days from one to the other in the viewer's zone; rounding absorbs the hour of a clock change. */
function daysBetween(from, to) {
  return Math.round((midnight(to) - midnight(from)) / 86_400_000);
}

export function sameDay(one, other) {
  return daysBetween(new Date(one), new Date(other)) === 0;
}

export function dayName(at) {
  const days = daysBetween(new Date(), new Date(at));
  if (days !== 0 && days !== -1) return day.format(new Date(at));
  const name = relative.format(days, "day");
  return name[0].toLocaleUpperCase() + name.slice(1);
}

/** The hour in the viewer's zone, with the full date on hover and for machines. */
export function time(at, { seconds = false, dated = false } = {}) {
  const date = new Date(at);
  if (Number.isNaN(date.getTime())) return el("span", {}, String(at ?? ""));
  const hour = (seconds ? clockWithSeconds : clock).format(date);
  const shown = dated && !sameDay(date, new Date()) ? day.format(date) : hour;
  return el("time", { datetime: date.toISOString(), title: full.format(date) }, shown);
}
