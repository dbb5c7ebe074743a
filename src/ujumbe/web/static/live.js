// Keeps an open page as it is by now: a stream says that something of a kind happened, the page is asked for once more,
// and what differs within its `data-live` regions is put in place.
//
// <html data-follow="message optout"> names the kinds (the word before an event's dot); "*" is every kind, nothing is
// none. A region with `data-every="5"` is also asked for every five seconds, for what has no events.

import { morph } from "./morph.js";

const root = document.documentElement;
const regions = () => document.querySelectorAll("[data-live][id]");

// A bulk send is thousands of events: what is shown follows at a pace that can be read.
const REST_MS = 400;
// Relative times, and whatever else only the clock changes.
const MINUTE_MS = 60_000;
const RETRY_MS = 2000;
const PATIENCE_MS = 2500;

const SAID = { open: "Live", lost: "Reconnecting…", out: "Signed out" };

let out = false;
let busy = false;
let again = false;
let streaming = false;
// Whether the page could not be asked for: until it could, what it shows is not as it is.
let behind = false;
let catchUp;

/** Ask for this page again and put in place what changed; at most one request at a time. */
export async function refresh() {
  if (busy) {
    again = true;
    return;
  }
  busy = true;
  clearTimeout(catchUp);
  const url = location.href;
  try {
    const response = await fetch(url, { headers: { "x-live": "1" }, credentials: "same-origin" });
    if (response.status === 401) return signedOut();
    if (response.status >= 500) return fallBehind();
    if (!response.ok) return;
    out = false;
    const text = await response.text();
    // Somebody typed on meanwhile: what they look for now is asked for next.
    if (url === location.href) place(text);
    if (behind && streaming) show("open");
    behind = false;
  } catch {
    fallBehind();
  } finally {
    busy = false;
    if (again) {
      again = false;
      setTimeout(refresh, REST_MS);
    }
  }
}

/** Say that the page is not as it is by now, and ask again. */
function fallBehind() {
  behind = true;
  show("lost");
  catchUp = setTimeout(refresh, RETRY_MS);
}

/** Lead to where one signs in, unless that took away what somebody has typed: then say it, and leave it to them. */
function signedOut() {
  const fields = document.querySelectorAll("main :is(textarea, input:not([type=hidden]))");
  if (![...fields].some((each) => each.value !== each.defaultValue)) return location.reload();
  show("out");
  out = true;
}

function place(text) {
  const fresh = new DOMParser().parseFromString(text, "text/html");
  for (const region of regions()) {
    const other = fresh.getElementById(region.id);
    if (other) morph(region, other);
  }
  dispatchEvent(new CustomEvent("ujumbe:fresh"));
}

function wanted(types) {
  const follow = root.dataset.follow.split(" ").filter(Boolean);
  return follow.includes("*") || types.includes("*") || types.some((each) => follow.includes(each.split(".")[0]));
}

function show(state) {
  const line = document.getElementById("live");
  if (!line || out) return;
  line.dataset.state = state;
  line.querySelector(".live-text").textContent = SAID[state];
}

export function live() {
  if (!regions().length) return;
  let source;
  let worry;
  let seq = root.dataset.seq;
  let retry;

  function open() {
    clearTimeout(retry);
    source?.close();
    source = new EventSource(`/live?after=${seq}`);
    source.addEventListener("open", () => {
      clearTimeout(worry);
      worry = undefined;
      streaming = true;
      if (!behind) show("open");
    });
    source.addEventListener("message", (event) => {
      seq = event.lastEventId;
      if (wanted(JSON.parse(event.data))) refresh();
    });
    source.addEventListener("error", () => {
      streaming = false;
      worry ??= setTimeout(show, PATIENCE_MS, "lost");
      // The browser comes back by itself, unless it got an answer: a proxy's 502, or ours to who is signed out.
      if (source.readyState === EventSource.CLOSED) retry = setTimeout(comeBack, RETRY_MS);
    });
  }

  async function comeBack() {
    await refresh();
    source = undefined;
    attend();
  }

  function close() {
    clearTimeout(retry);
    clearTimeout(worry);
    worry = undefined;
    streaming = false;
    source?.close();
    source = undefined;
  }

  // Six streams are all that HTTP/1.1 gives a host: a page that nobody sees lets its own go, and catches up when seen.
  function attend() {
    if (document.hidden) close();
    else if (!source && !out) open();
  }
  document.addEventListener("visibilitychange", attend);
  addEventListener("pagehide", close);
  addEventListener("pageshow", (event) => { if (event.persisted) attend(); });
  attend();

  // Who signed in again elsewhere meanwhile is followed again.
  setInterval(() => { if (!document.hidden) refresh().then(attend); }, MINUTE_MS);
  const every = Math.min(...[...regions()].map((each) => Number(each.dataset.every) || Infinity));
  if (every < Infinity) setInterval(() => { if (!document.hidden) refresh(); }, every * 1000);
}
