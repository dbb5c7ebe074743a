// Every address is relative to the page, which may be mounted anywhere.

export class Refused extends Error {
  /** `field` names the value at fault, where the simulator says so. */
  constructor(message, field = null) {
    super(message);
    this.field = field;
  }
}

async function call(method, path, body) {
  const options = { method, headers: { Accept: "application/json" } };
  if (body !== undefined) {
    options.headers["Content-Type"] = "application/json";
    options.body = JSON.stringify(body);
  }
  let response;
  try {
    response = await fetch(path, options);
  } catch {
    throw new Refused("The simulator does not answer. Is it still running?");
  }
  const text = await response.text();
  let answer = null;
  try {
    answer = text ? JSON.parse(text) : null;
  } catch {
    answer = null;
  }
  if (!response.ok) {
    throw new Refused(answer?.error ?? (text.slice(0, 200) || `HTTP ${response.status}`), answer?.field);
  }
  return answer;
}

const phone = (number, rest) => `./phones/${encodeURIComponent(number)}/${rest}`;

export const api = {
  status: () => call("GET", "./status"),
  phones: () => call("GET", "./phones"),
  open: (number) => call("POST", "./phones", { number }),
  messages: (number, limit) => call("GET", phone(number, `messages?limit=${limit}`)),
  text: (number, to, text) => call("POST", phone(number, "messages"), { to, text }),
  read: (number) => call("POST", phone(number, "read")),
  optOut: (number, senderId) => call("POST", phone(number, "opt-out"), { senderId }),
  optIn: (number, senderId) => call("DELETE", phone(number, "opt-out"), { senderId }),
  subscribe: (number, shortCode, keyword, updateType) =>
    call("POST", phone(number, "subscriptions"), { shortCode, keyword, updateType }),
  faults: () => call("GET", "./faults"),
  turn: (knobs) => call("PUT", "./faults", knobs),
  ledger: (after, limit) => call("GET", `./ledger?after=${after}&limit=${limit}`),
  reset: () => call("POST", "./reset"),
};
