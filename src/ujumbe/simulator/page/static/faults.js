import { api } from "./api.js";
import { $, complain, el, icon } from "./element.js";

const percent = (value) => `${Math.round(value * 100)} %`;
const duration = (value) => (value < 1000 ? `${value} ms` : `${value / 1000} s`);
const RATE = { kind: "slider", max: 1, step: 0.05, show: percent };

// The order is the way of a text: the request, AT's answer, the reports, the account.
const GROUPS = [
  ["When your service calls", [
    { name: "latency_ms", label: "Latency", kind: "slider", max: 5000, step: 50, show: duration, help: "Added to every answer." },
    { name: "refuse_rate", label: "Refuse with 429", ...RATE, help: "Not taken: safe to send again." },
    { name: "error_rate", label: "Fail with 500", ...RATE, help: "Not taken, though the caller cannot know." },
  ]],
  ["Taken, but the answer is lost", [
    { name: "accept_then_500_rate", label: "Take, then 500", ...RATE, help: "Sending again would text twice." },
    { name: "accept_then_hang_rate", label: "Take, then hang", ...RATE, help: "The caller runs into its read timeout." },
    { name: "accept_then_reset_rate", label: "Take, then reset", ...RATE, help: "The connection breaks before the answer." },
  ]],
  ["Delivery reports", [
    {
      name: "reports", label: "Reports", kind: "choice", options: ["none", "final", "full"],
      help: "Full adds Sent, Submitted and Buffered on the way.",
    },
    { name: "report_delay_ms", label: "Delay", kind: "slider", max: 30000, step: 100, show: duration, calm: 400 },
    { name: "report_drop_rate", label: "Lost", ...RATE },
    { name: "report_duplicate_rate", label: "Sent twice", ...RATE },
    { name: "report_shuffle", label: "Out of order", kind: "switch" },
  ]],
  ["The account", [
    { name: "balance", label: "Balance", kind: "text", help: "Such as KES 100.0000. At zero every text is refused with 405." },
    { name: "senders", label: "More sender ids", kind: "list", help: "Separated by commas; others are refused as InvalidSenderId." },
    { name: "seed", label: "Seed", kind: "text", help: "The same seed draws the same faults." },
  ]],
];

const KNOBS = GROUPS.flatMap(([, knobs]) => knobs);

// A few of the table in docs/simulator.md.
const FATES = [
  ["+254711900405", "refused: insufficient balance"],
  ["+254711900406", "refused: has opted out"],
  ["+254711900610", "taken, then not delivered"],
  ["+254711900703", "taken, never a final report"],
];

function magic() {
  const rows = FATES.map(([number, fate]) => el("li", {}, el("code", {}, number), el("span", {}, fate)));
  return el("details", { class: "magic" }, el("summary", {}, "Numbers with a fate of their own"), el("ul", {}, ...rows));
}

// What POST reset would set, of the knobs that stand for trouble; balance, senders and seed do not.
const CALM = new Map(KNOBS.flatMap(({ name, kind, calm }) => {
  if (kind === "slider") return [[name, calm ?? 0]];
  if (kind === "switch") return [[name, false]];
  return kind === "choice" ? [[name, "full"]] : [];
}));

/** The drawer: each knob acts as soon as it is let go. */
export class Faults {
  constructor() {
    this.toggle = $("faults-toggle");
    this.panel = $("faults");
    this.fields = new Map();
    this.values = {};
    this.toggle.addEventListener("click", () => this.open(this.panel.hidden));
    this.panel.addEventListener("keydown", (event) => { if (event.key === "Escape") this.open(false); });
    this.#build();
  }

  open(open) {
    this.panel.hidden = !open;
    this.toggle.setAttribute("aria-expanded", String(open));
    // The balance moves with every text.
    if (open) this.load().catch(complain);
    (open ? this.panel.querySelector("h2") : this.toggle).focus();
  }

  /** When another view takes the place; focus stays where the person put it. */
  close() {
    this.panel.hidden = true;
    this.toggle.setAttribute("aria-expanded", "false");
  }

  async load() {
    this.show(await api.faults());
  }

  show(values) {
    this.values = values;
    let turned = 0;
    for (const knob of KNOBS) {
      const { write, row } = this.fields.get(knob.name);
      write(values[knob.name]);
      const set = CALM.has(knob.name) && values[knob.name] !== CALM.get(knob.name);
      row.classList.toggle("set", set);
      if (set) turned += 1;
    }
    const count = $("faults-count");
    count.hidden = turned === 0;
    count.textContent = turned;
  }

  async #turn(change) {
    for (const old of this.panel.querySelectorAll(".error")) old.remove();
    try {
      this.show((await api.turn(change)) ?? { ...this.values, ...change });
    } catch (error) {
      // What was typed stays, to be put right.
      const row = this.fields.get(error.field)?.row;
      if (row) row.append(el("p", { class: "error", role: "alert" }, error.message));
      else complain(error);
    }
  }

  #build() {
    const close = el("button", { type: "button", class: "icon", "aria-label": "Close the faults" }, icon("close"));
    close.addEventListener("click", () => this.open(false));
    const calm = el("button", { type: "button", class: "outline" }, "Clear all faults");
    calm.addEventListener("click", () => this.#turn(Object.fromEntries(CALM)));
    const form = el("form", { novalidate: true });
    form.addEventListener("submit", (event) => event.preventDefault());
    for (const [legend, knobs] of GROUPS) {
      form.append(el("fieldset", {}, el("legend", {}, legend), ...knobs.map((knob) => this.#field(knob))));
    }
    form.append(calm, magic());
    this.panel.append(
      el("div", { class: "panel-head" }, el("h2", { id: "faults-title", tabindex: "-1" }, "Faults"), close),
      el("p", {}, "Make this Africa’s Talking as unreliable as a bad day. Changes act at once."),
      form);
  }

  #field(knob) {
    const id = `knob-${knob.name}`;
    const help = knob.help ? el("small", { id: `${id}-help` }, knob.help) : null;
    const common = { id, name: knob.name, "aria-describedby": help?.id };
    const row = el("div", { class: "knob" });
    let write;
    if (knob.kind === "slider") {
      const output = el("output", { for: id });
      const input = el("input", { ...common, type: "range", min: "0", max: String(knob.max), step: String(knob.step) });
      const say = (value) => { output.textContent = knob.show(value); input.setAttribute("aria-valuetext", knob.show(value)); };
      input.addEventListener("input", () => say(input.valueAsNumber));
      input.addEventListener("change", () => this.#turn({ [knob.name]: input.valueAsNumber }));
      write = (value = 0) => { input.value = value; say(value); };
      row.append(el("label", { for: id }, knob.label), output, input);
    } else if (knob.kind === "switch") {
      const input = el("input", { ...common, type: "checkbox", role: "switch", class: "switch" });
      input.addEventListener("change", () => this.#turn({ [knob.name]: input.checked }));
      write = (value) => { input.checked = Boolean(value); };
      row.append(el("label", { for: id }, knob.label), input);
    } else if (knob.kind === "choice") {
      const choice = el("div", { class: "choice", role: "radiogroup", "aria-label": knob.label });
      for (const option of knob.options) {
        const input = el("input", { type: "radio", name: knob.name, value: option });
        input.addEventListener("change", () => this.#turn({ [knob.name]: option }));
        choice.append(el("label", {}, input, option));
      }
      write = (value) => { for (const input of choice.querySelectorAll("input")) input.checked = input.value === value; };
      row.append(choice);
    } else {
      const input = el("input", { ...common, autocomplete: "off", spellcheck: "false" });
      input.addEventListener("change", () => this.#turn({ [knob.name]: this.#read(knob, input.value) }));
      write = (value) => { if (document.activeElement !== input) input.value = Array.isArray(value) ? value.join(", ") : value ?? ""; };
      row.append(el("label", { for: id }, knob.label), input);
    }
    if (help) row.append(help);
    this.fields.set(knob.name, { write, row });
    return row;
  }

  #read(knob, typed) {
    if (knob.kind === "list") return typed.split(",").map((item) => item.trim()).filter(Boolean);
    if (knob.name === "seed") return typed.trim() === "" ? null : Number(typed);
    return typed.trim();
  }
}
