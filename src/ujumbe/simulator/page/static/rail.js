import { api } from "./api.js";
import { $, el } from "./element.js";
import { hue, parse, pretty, suggestion } from "./number.js";
import { time } from "./time.js";

// What GET ./phones lists at most: the latest used.
export const LISTED = 200;

/** The column beside the desk: a field that opens a number, and all phones, the latest used first. */
export class Rail {
  /** `opened(number)` after the field was used, `chosen(number)` after a phone of the list was. */
  constructor({ opened, chosen }) {
    this.opened = opened;
    this.chosen = chosen;
    this.list = $("phones");
    this.number = $("number");
    this.error = $("number-error");
    $("open-phone").addEventListener("submit", (event) => { event.preventDefault(); this.#open(); });
  }

  get element() {
    return this.list.parentElement;
  }

  /** `out` are the numbers on the desk. */
  draw(phones, out) {
    const focused = this.wanted ?? document.activeElement?.dataset?.number;
    this.wanted = null;
    this.list.replaceChildren(...phones.slice(0, LISTED).map((phone) => this.#row(phone, out.has(phone.number))));
    if (phones.length >= LISTED) {
      this.list.append(el("li", { class: "nothing" }, "Older phones are not listed: open one by its number."));
    }
    // The rows are new: whoever was on one stays on it.
    if (focused) this.list.querySelector(`[data-number="${CSS.escape(focused)}"]`)?.focus();
    this.#suggest(new Set(phones.map((phone) => phone.number)));
  }

  /** Moves the focus to a phone's row when it is drawn next, as its handset is about to leave. */
  focus(number) {
    this.wanted = number;
  }

  #row(phone, out) {
    const { number, last, unread } = phone;
    const button = el("button", { type: "button", class: `${hue(number)}${out ? " out" : ""}`, "data-number": number },
      el("span", { class: "glyph" }),
      el("span", { class: "number" }, pretty(number)),
      last ? time(last.at, { dated: true }) : el("span"),
      el("span", { class: "preview", dir: "auto" }, last ? `${last.direction === "out" ? "You: " : ""}${last.text}` : "No texts yet"));
    if (unread > 0) button.append(el("span", { class: "count" }, String(unread), el("span", { class: "sr-only" }, " new")));
    button.addEventListener("click", () => this.chosen(number));
    return el("li", {}, button);
  }

  /** The next free number; what a person has typed stays. */
  #suggest(taken) {
    const next = suggestion(taken);
    if (!this.number.value || this.number.value === this.suggested) this.number.value = next;
    this.suggested = next;
  }

  async #open() {
    const number = parse(this.number.value);
    this.error.textContent = "";
    this.number.toggleAttribute("aria-invalid", !number);
    if (!number) {
      this.error.textContent = "Write it with its country code, such as +254711000111.";
      this.number.focus();
      return;
    }
    try {
      await api.open(number);
      this.number.value = "";
      this.opened(number);
    } catch (error) {
      this.error.textContent = error.message;
    }
  }
}
