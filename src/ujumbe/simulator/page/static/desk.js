import { api } from "./api.js";
import { $, announce, complain, el } from "./element.js";
import { Handset } from "./handset.js";
import { welcome } from "./hint.js";
import { parse, pretty } from "./number.js";
import { LISTED, Rail } from "./rail.js";
import { wide } from "./screen.js";
import { peer } from "./thread.js";

// A bulk send may text thousands: those who arrive when the desk is this full wait in the list.
const ROOM = 6;
// A conversation raises many texts a second; that they were read is told once.
const READ_MS = 1000;
// The stylesheets' widths: a handset with its gap, and what lies beside the desk.
const HANDSET_PX = 350;
const RAIL_PX = 272;
const OUT = "ujumbe-simulator-phones-out";

/** The phones: which there are, and which of them lie on the desk. */
export class Desk {
  constructor(account) {
    this.account = account;
    this.phones = new Map();
    this.out = new Map();
    // Whoever was put away by hand stays away until asked for.
    this.away = new Set();
    this.seen = new Set();
    this.rail = new Rail({
      opened: (number) => { this.#meet(number); this.#goTo(number); },
      chosen: (number) => this.#goTo(number),
    });
    this.surface = $("desk");
    this.shelf = el("div", { class: "shelf" });
    this.welcome = welcome();
    wide.addEventListener("change", () => this.#draw());
  }

  /** Makes everything as the simulator has it: at the start, after a reset or a lost connection. */
  async load() {
    const phones = await api.phones();
    this.phones = new Map(phones.map((phone) => [phone.number, phone]));
    // Only a list that is not full proves that a phone is gone.
    const gone = (number) => !this.phones.has(number) && phones.length < LISTED;
    for (const number of this.out.keys()) if (gone(number)) this.#remove(number);
    const kept = (this.out.size > 0 ? [...this.out.keys()] : remembered()).filter((number) => !gone(number));
    const numbers = kept.length > 0 ? kept : this.#newest();
    await Promise.all(numbers.map((number) => this.#bring(number)));
    this.#draw();
  }

  /** A text came to a phone, or left it. */
  async receive(number, message) {
    const phone = this.#meet(number);
    phone.last = message;
    if (this.out.has(number)) {
      this.out.get(number).add(message);
    } else if (this.out.size < ROOM && !this.away.has(number)) {
      await this.#bring(number);
      // Nothing moves away from under someone's hands.
      if (!this.shelf.contains(document.activeElement)) this.#reveal(number);
    }
    if (message.direction === "in") {
      phone.unread += 1;
      if (this.#visible(number)) this.#see(number);
      announce(`${pretty(number)}, new text from ${peer(message)}: ${message.text}`);
    }
    this.#draw();
  }

  meet(number) {
    this.#meet(number);
    this.#draw();
  }

  remark(number, sender, text) {
    this.out.get(number)?.remark(sender, text);
  }

  report(callback) {
    this.out.get(callback.number)?.report(callback);
  }

  /** The address names this phone: puts it on the desk and in view. */
  async show(number) {
    this.#meet(number);
    this.away.delete(number);
    if (!this.out.has(number)) await this.#bring(number);
    for (const [other, handset] of this.out) handset.element.classList.toggle("current", other === number);
    this.#see(number);
    this.#draw();
    // The shelf may come onto the desk only with the next frame.
    requestAnimationFrame(() => {
      this.#reveal(number);
      this.out.get(number)?.title.focus({ preventScroll: true });
    });
  }

  /** The desk is in view again, after the ledger. */
  look() {
    for (const number of this.out.keys()) if (this.#visible(number)) this.#see(number);
    this.#draw();
  }

  accountChanged() {
    for (const handset of this.out.values()) handset.draw();
  }

  clear() {
    for (const number of [...this.out.keys()]) this.#remove(number);
    this.phones.clear();
    this.away.clear();
    this.#draw();
  }

  #meet(number) {
    if (!this.phones.has(number)) {
      this.phones.set(number, { number, opened_at: new Date().toISOString(), unread: 0, last: null });
    }
    return this.phones.get(number);
  }

  #goTo(number) {
    if (this.#current() === number) this.show(number);
    else location.hash = `#phone/${number}`;
  }

  #current() {
    return parse(/^#phone\/(.+)$/.exec(location.hash)?.[1] ?? "");
  }

  async #bring(number) {
    if (!this.out.has(number)) {
      const handset = new Handset(number, this.account, {
        away: () => this.#putAway(number),
        back: () => { location.hash = "#phones"; },
      });
      this.out.set(number, handset);
      this.shelf.append(handset.element);
      this.#remember();
    }
    try {
      await this.out.get(number).load();
      if (this.#visible(number)) this.#see(number);
    } catch (error) {
      complain(error);
    }
  }

  #putAway(number) {
    this.away.add(number);
    this.#remove(number);
    this.#draw();
    if (this.#current() === number) location.hash = "#phones";
    this.rail.focus(number);
  }

  #remove(number) {
    this.out.get(number)?.element.remove();
    this.out.delete(number);
    this.#remember();
  }

  #remember() {
    sessionStorage.setItem(OUT, JSON.stringify([...this.out.keys()]));
  }

  #visible(number) {
    return this.out.has(number) && (wide.matches ? $("main").dataset.view !== "ledger" : this.#current() === number);
  }

  #see(number) {
    const phone = this.phones.get(number);
    if (!phone?.unread) return;
    phone.unread = 0;
    this.seen.add(number);
    this.telling ??= setTimeout(() => {
      this.telling = null;
      for (const each of this.seen) api.read(each).catch(complain);
      this.seen.clear();
    }, READ_MS);
  }

  #reveal(number) {
    this.out.get(number)?.element.scrollIntoView({ block: "nearest", inline: "nearest" });
  }

  #byRecency() {
    const when = (phone) => Date.parse(phone.last?.at ?? phone.opened_at) || 0;
    return [...this.phones.values()].sort((one, other) => when(other) - when(one));
  }

  /** Those who heard something last, as many as fit side by side, in the order of their numbers. */
  #newest() {
    const fit = Math.min(ROOM, Math.max(1, Math.floor((innerWidth - RAIL_PX) / HANDSET_PX)));
    return this.#byRecency().slice(0, fit).map((phone) => phone.number).sort();
  }

  /** Once a frame at most: a bulk send brings hundreds of texts in one. */
  #draw() {
    this.frame ??= requestAnimationFrame(() => { this.frame = null; this.#drawNow(); });
  }

  #drawNow() {
    const phones = this.#byRecency();
    // As the simulator does, so that sorting stays cheap however many were texted.
    for (const { number } of phones.slice(LISTED)) if (!this.out.has(number)) this.phones.delete(number);
    this.rail.draw(phones, this.out);
    this.#drawSurface(phones.length === 0);
    const unread = phones.slice(0, LISTED).reduce((sum, phone) => sum + phone.unread, 0);
    $("unread").hidden = unread === 0;
    $("unread").textContent = unread;
    document.title = `${unread > 0 ? `(${unread}) ` : ""}Phones · Ujumbe simulator`;
  }

  #drawSurface(none) {
    this.shelf.querySelector(":scope > .nothing")?.remove();
    if (none) {
      // A narrow screen shows no desk while no phone is chosen.
      const place = wide.matches ? this.surface : this.rail.element;
      if (this.welcome.parentElement !== place) place.append(this.welcome);
      this.shelf.remove();
      return;
    }
    this.welcome.remove();
    if (!this.shelf.isConnected) this.surface.append(this.shelf);
    if (this.out.size === 0) this.shelf.append(el("p", { class: "nothing" }, "All phones are put away. Pick one from the list."));
  }
}

function remembered() {
  try {
    return JSON.parse(sessionStorage.getItem(OUT) ?? "[]");
  } catch {
    return [];
  }
}
