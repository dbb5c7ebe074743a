import { api } from "./api.js";
import { $, el } from "./element.js";
import { time } from "./time.js";

/** The strip under the bar: who the simulator is, and whether the service listens. */
export class Account {
  constructor() {
    this.shortCode = "";
    this.senders = [];
    this.changed = () => {};
  }

  async load() {
    this.show(await api.status());
  }

  show(status) {
    const before = [this.shortCode, ...this.senders].join();
    this.shortCode = status.short_code;
    this.senders = status.senders ?? [];
    const names = this.senders.filter((sender) => sender !== this.shortCode);
    $("account").replaceChildren(
      fact("Account", status.username),
      fact("Short code", this.shortCode),
      ...(names.length > 0 ? [fact("Sender ids", names.join(", "))] : []),
      fact("Balance", status.balance),
      fact("Callbacks go", status.callbacks ? `to ${status.callbacks}` : "nowhere"),
      fact("Last answer", ...answer(status.last_callback)),
      ...(failing(status) ? [fact("To try again", String(status.callbacks_waiting), "bad")] : []));
    if ([this.shortCode, ...this.senders].join() !== before) this.changed();
  }
}

function fact(name, value, tone, ...rest) {
  return el("div", {}, el("dt", {}, name), el("dd", { "data-tone": tone }, el("bdi", {}, value ?? "—"), ...rest));
}

function answer(last) {
  if (!last) return ["none yet"];
  return [String(last.status ?? last.error), last.status === 200 ? "good" : "bad", " ", time(last.at, { seconds: true })];
}

// Reports wait a moment in the best of times; only a queue behind a failure is news.
function failing(status) {
  return status.callbacks_waiting > 0 && status.last_callback && status.last_callback.status !== 200;
}
