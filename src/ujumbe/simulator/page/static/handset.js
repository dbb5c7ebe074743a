import { api } from "./api.js";
import { el, fromTemplate } from "./element.js";
import { blank } from "./hint.js";
import { answerable, hue, pretty } from "./number.js";
import { SHOWN, Thread, peer } from "./thread.js";

/** One phone: its conversations, one a sender, and what its owner can do. */
export class Handset {
  /** `account` gives `shortCode` and `senders`; `away` and `back` are what its two corner buttons do. */
  constructor(number, account, { away, back }) {
    this.number = number;
    this.account = account;
    this.messages = [];
    this.known = new Set();
    this.fresh = new Set();
    this.meanwhile = null;
    this.drafts = new Map();
    this.current = account.shortCode;

    this.element = fromTemplate("handset-template").firstElementChild;
    this.element.classList.add(hue(number));
    const find = (selector) => this.element.querySelector(selector);
    this.title = find("h2");
    this.title.id = `phone-${number.slice(1)}`;
    this.title.textContent = pretty(number);
    this.title.tabIndex = -1;
    this.element.setAttribute("aria-labelledby", this.title.id);
    this.senders = find(".senders");
    this.region = find(".thread");
    this.thread = new Thread(this.region);
    this.note = find(".note");
    this.composer = find(".composer");
    this.field = find("textarea");
    this.sendButton = find(".send");
    this.more = find(".more");
    this.sheet = find(".sheet");

    find(".away").addEventListener("click", away);
    find(".back").addEventListener("click", back);
    this.more.addEventListener("click", () => this.#toggleSheet());
    this.composer.addEventListener("submit", (event) => { event.preventDefault(); this.#send(); });
    this.field.addEventListener("input", () => { this.sendButton.disabled = !this.field.value.trim(); });
    this.field.addEventListener("keydown", (event) => {
      // `isComposing`: Enter also picks a candidate in an input method.
      if (event.key === "Enter" && !event.shiftKey && !event.isComposing) { event.preventDefault(); this.#send(); }
    });
    this.element.addEventListener("keydown", (event) => {
      if (event.key === "Escape" && !this.sheet.hidden) { event.stopPropagation(); this.#toggleSheet(false); this.more.focus(); }
    });
  }

  /** All that the phone holds, after opening it or a lost connection. */
  async load() {
    // What arrives while the answer is on its way may be missing from it.
    const meanwhile = (this.meanwhile = []);
    const held = await api.messages(this.number, SHOWN);
    if (this.meanwhile === meanwhile) this.meanwhile = null;
    const ids = new Set(held.map(key));
    this.#show([...held, ...meanwhile.filter((message) => !ids.has(key(message)))]);
  }

  #show(messages) {
    const notes = this.messages.filter((message) => message.direction === "note");
    this.messages = [...messages, ...notes].sort((one, other) => Date.parse(one.at) - Date.parse(other.at));
    this.known = new Set(messages.map(key));
    const last = messages.at(-1);
    if (last && !this.#busy()) this.current = peer(last);
    this.fresh.delete(this.current);
    this.draw();
  }

  add(message) {
    this.meanwhile?.push(message);
    if (this.known.has(key(message))) return;
    this.known.add(key(message));
    this.messages.push(message);
    const sender = peer(message);
    if (sender === this.current) {
      this.thread.add(message);
    } else if (this.#busy()) {
      this.fresh.add(sender);
      this.#drawSenders();
    } else {
      this.#choose(sender);
    }
  }

  /** Someone is at it: no other conversation may push this one away. */
  #busy() {
    const talking = document.activeElement === this.field && this.messages.some((message) => peer(message) === this.current);
    return Boolean(this.field.value) || !this.sheet.hidden || talking;
  }

  /** What its owner did with a sender, other than texting; only this page remembers where in the thread. */
  remark(sender, text) {
    const note = { direction: "note", to: sender, text, at: new Date().toISOString() };
    this.messages.push(note);
    if (sender === this.current) this.thread.add(note);
  }

  /** What the service answered to something that this phone did, or to a report about a text to it. */
  report(callback) {
    if (callback.message_id) {
      this.thread.mark(callback);
    } else {
      const good = callback.answer === 200;
      const answer = callback.answer ?? callback.error;
      this.#say(good ? "Your service knows: it answered 200." : `Your service was told and answered ${answer}; trying again.`, !good);
    }
  }

  draw() {
    this.#drawSenders();
    this.thread.show(this.messages.filter((message) => peer(message) === this.current), () => this.#blank());
    this.region.setAttribute("aria-label", `Texts with ${this.current}`);
    const open = answerable(this.current);
    this.composer.classList.toggle("closed", !open);
    this.composer.querySelector(".one-way").textContent = open ? "" : `${this.current} is a name, not a number: it cannot be answered.`;
    this.field.placeholder = `Text ${this.current}`;
    this.field.setAttribute("aria-label", `Text to ${this.current}`);
    this.sendButton.disabled = !this.field.value.trim();
    this.more.setAttribute("aria-label", `Opt out of ${this.current}, keywords`);
  }

  #drawSenders() {
    const senders = new Set([this.account.shortCode, ...this.account.senders.filter(answerable), ...this.messages.map(peer)]);
    this.senders.replaceChildren(...[...senders].filter(Boolean).map((sender) => {
      const button = el("button", { type: "button", class: this.fresh.has(sender) ? "fresh" : null }, el("bdi", {}, sender));
      if (sender === this.current) button.setAttribute("aria-current", "true");
      if (this.fresh.has(sender)) button.append(el("span", { class: "sr-only" }, " (new)"));
      button.addEventListener("click", () => { this.#choose(sender); this.senders.querySelector("[aria-current]")?.focus(); });
      return button;
    }));
    this.senders.querySelector("[aria-current]")?.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #choose(sender) {
    this.drafts.set(this.current, this.field.value);
    this.current = sender;
    this.field.value = this.drafts.get(sender) ?? "";
    this.fresh.delete(sender);
    this.#toggleSheet(false);
    this.#say("");
    this.draw();
  }

  #blank() {
    if (this.messages.length === 0) return blank(this.number);
    return el("div", { class: "blank" }, el("p", {}, `Nothing between this phone and ${this.current} so far.`));
  }

  async #send() {
    const text = this.field.value;
    if (!text.trim() || this.sendButton.disabled) return;
    this.sendButton.disabled = true;
    try {
      await api.text(this.number, this.current, text);
      this.field.value = "";
      this.#say("");
    } catch (error) {
      this.#say(error.message, true);
    }
    this.sendButton.disabled = !this.field.value.trim();
  }

  #toggleSheet(open = this.sheet.hidden) {
    this.more.setAttribute("aria-expanded", String(open));
    this.sheet.hidden = !open;
    if (!open) { this.sheet.replaceChildren(); return; }
    const sender = this.current;
    this.sheet.replaceChildren(fromTemplate("sheet-template"));
    const [optOut, keyword] = this.sheet.querySelectorAll("section");
    optOut.querySelector("p").textContent = `Refuse further bulk texts from ${sender}.`;
    const button = optOut.querySelector("button");
    button.textContent = `Opt out of ${sender}`;
    button.addEventListener("click", () => this.#do(
      () => api.optOut(this.number, sender)));
    keyword.hidden = !answerable(sender);
    keyword.querySelector("p").textContent = `Premium texts from ${sender} under a keyword.`;
    const word = keyword.querySelector("input");
    for (const change of ["addition", "deletion"]) {
      keyword.querySelector(`[data-action="${change}"]`).addEventListener("click", () => {
        const value = word.value.trim();
        if (!value) { word.focus(); return; }
        this.#do(() => api.subscribe(this.number, sender, value, change));
      });
    }
    const undo = optOut.querySelector('[data-action="opt-in"]');
    undo.addEventListener("click", () => this.#do(async () => {
      await api.optIn(this.number, sender);
      this.remark(sender, `AT takes texts from ${sender} again. Your service was not told: AT has no callback for it`);
    }));
    button.focus();
  }

  async #do(ask) {
    this.#toggleSheet(false);
    this.more.focus();
    try {
      await ask();
      this.#say("");
    } catch (error) {
      this.#say(error.message, true);
    }
  }

  #say(text, bad = false) {
    this.note.textContent = text;
    this.note.classList.toggle("bad", bad);
  }
}

const key = (message) => `${message.direction} ${message.message_id}`;
