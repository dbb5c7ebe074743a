import { el } from "./element.js";
import { dayName, sameDay, time } from "./time.js";

// Beyond these a thread slows the page down and nobody scrolls; the simulator keeps the rest.
export const SHOWN = 300;

/** Who the handset talks with in this text. */
export const peer = (message) => (message.direction === "in" ? message.from : message.to);

/** What the service made of a text, from the latest callback about it. */
function tick(callback) {
  const good = callback.answer === 200;
  const about = callback.kind === "twoway" ? "" : `${callback.status} `;
  const answer = callback.answer ?? callback.error;
  const called = callback.kind === "twoway" ? "Your service was called" : `Delivery report: ${reported(callback)}`;
  const words = good ? `${about}✓` : `${about}✕ ${answer}${callback.tries > 1 ? `, ${callback.tries} tries` : ""}`;
  return el("span", { class: good ? "tick" : "tick bad", title: `${called}; it answered ${answer}` }, words);
}

function reported({ status, failure_reason: reason }) {
  return reason ? `${status}, ${reason}` : status;
}

/** The texts of one conversation, oldest first, in a scrolling region. */
export class Thread {
  constructor(region) {
    this.region = region;
    this.callbacks = new Map();
    this.footers = new Map();
    this.last = null;
  }

  show(messages, blank) {
    this.last = null;
    this.footers.clear();
    this.region.replaceChildren();
    if (messages.length === 0) this.region.append(blank());
    for (const message of messages.slice(-SHOWN)) this.#append(message, false);
    this.#toEnd();
  }

  add(message) {
    // Whoever scrolled up to read is left there.
    const { scrollTop, clientHeight, scrollHeight } = this.region;
    const following = scrollHeight - scrollTop - clientHeight < 80 || message.direction === "out";
    this.region.querySelector(":scope > .blank")?.remove();
    this.#append(message, true);
    if (following) this.#toEnd();
  }

  /** A callback about one of these texts was answered, or was not. It may come before the text does. */
  mark(callback) {
    this.callbacks.set(callback.message_id, callback);
    const footer = this.footers.get(callback.message_id);
    footer?.querySelector(".tick")?.remove();
    footer?.append(tick(callback));
  }

  #append(message, fresh) {
    if (!this.last || !sameDay(this.last.at, message.at)) {
      this.region.append(el("p", { class: "day" }, dayName(message.at)));
    }
    this.region.append(message.direction === "note" ? el("p", { class: "aside" }, message.text) : this.#bubble(message, fresh));
    this.last = message;
  }

  #bubble(message, fresh) {
    const turn = this.last?.direction !== message.direction;
    const who = message.direction === "in" ? `${message.from}: ` : "You: ";
    const footer = el("footer", {}, time(message.at));
    const callback = this.callbacks.get(message.message_id);
    if (callback) footer.append(tick(callback));
    this.footers.set(message.message_id, footer);
    return el("div", { class: ["text", message.direction, turn && "turn", fresh && "fresh"].filter(Boolean).join(" ") },
      el("span", { class: "sr-only" }, who), el("p", { dir: "auto" }, message.text), footer);
  }

  #toEnd() {
    this.region.scrollTop = this.region.scrollHeight;
  }
}
