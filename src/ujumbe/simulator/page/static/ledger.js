import { api } from "./api.js";
import { $, complain, el } from "./element.js";
import { pretty } from "./number.js";
import { time } from "./time.js";

// More rows than a person reads; whoever needs all of them asks GET ./ledger.
const KEPT = 500;
const COLUMNS = ["#", "When", "Number", "From", "Text", "Answer", "Cost", "Message id", "Request"];

const BROKEN = { refused_429: "HTTP 429", error_500: "HTTP 500", taken_500: "HTTP 500", taken_hang: "no answer", taken_reset: "reset" };

/** Whether AT sent the text, and what the caller was told of it. */
function verdict({ taken, status_code: code, outcome }) {
  return `${taken ? "Taken" : "Not taken"}, ${BROKEN[outcome] ?? code}`;
}

/** Every line the simulator was ever asked to send, newest first. */
export class Ledger {
  constructor() {
    this.section = $("ledger");
    this.body = el("tbody");
    this.after = 0;
    this.count = el("p", { role: "status" });
    this.nothing = el("p", { class: "nothing" }, "Nothing has been asked for yet. Each recipient of each request becomes a line here, taken or not.");
    const table = el("table", {},
      el("thead", {}, el("tr", {}, ...COLUMNS.map((name) => el("th", { scope: "col", class: name === "Cost" ? "end" : null }, name)))),
      this.body);
    this.section.append(
      el("div", { class: "panel-head" }, el("div", {}, el("h2", { id: "ledger-title" }, "Ledger"), this.count)),
      el("div", { class: "scroller", tabindex: "0", role: "group", "aria-labelledby": "ledger-title" }, this.nothing, table));
    this.table = table;
    this.#tell();
  }

  get open() {
    return !this.section.hidden;
  }

  /** Fetches what is new; calls that come while one runs are folded into a single further one. */
  async load() {
    if (this.loading) { this.again = true; return; }
    this.loading = true;
    try {
      let page = await api.ledger(this.after, KEPT);
      if (page.next !== null) page = await api.ledger(Math.max(page.next, (await this.#end(page.next)) - KEPT), KEPT);
      for (const line of page.items) this.#add(line);
      this.#tell();
    } catch (error) {
      complain(error);
    }
    this.loading = false;
    if (this.again) { this.again = false; await this.load(); }
  }

  /** The last `seq`, as nothing tells it: doubling, then halving, some forty one-line questions for a million. */
  async #end(from) {
    const more = async (seq) => (await api.ledger(seq, 1)).items.length > 0;
    let low = from;
    let step = KEPT;
    while (await more(low + step)) { low += step; step *= 2; }
    while (step > 1) {
      step = Math.ceil(step / 2);
      if (await more(low + step)) low += step;
    }
    return low + 1;
  }

  clear() {
    this.after = 0;
    this.body.replaceChildren();
    this.#tell();
  }

  #add(line) {
    this.after = line.seq;
    this.body.prepend(el("tr", {},
      el("td", { class: "seq" }, String(line.seq)),
      el("td", { class: "when" }, time(line.at, { seconds: true })),
      el("td", { class: "number" }, pretty(line.number)),
      el("td", { class: "from" }, el("bdi", {}, line.from || "—")),
      el("td", { class: "words" }, el("div", { dir: "auto", title: line.text }, line.text)),
      el("td", {}, el("span", { class: `verdict ${line.taken ? "taken" : "refused"}` }, verdict(line))),
      el("td", { class: "cost end" }, line.cost ?? ""),
      el("td", { class: "id", title: line.message_id ?? "" }, line.message_id ?? ""),
      el("td", { class: "call" }, String(line.request ?? ""))));
    while (this.body.rows.length > KEPT) this.body.lastElementChild.remove();
  }

  /** `seq` counts from 1 without gaps, so the last one is the number of lines. */
  #tell() {
    const total = this.after;
    this.nothing.hidden = total > 0;
    this.table.hidden = total === 0;
    const newest = total > this.body.rows.length ? `, the newest ${this.body.rows.length} shown` : "";
    this.count.textContent = `${total.toLocaleString()} ${total === 1 ? "line" : "lines"}${newest}`;
  }
}
