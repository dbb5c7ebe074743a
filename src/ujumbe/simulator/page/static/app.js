import { Account } from "./account.js";
import { api } from "./api.js";
import { Desk } from "./desk.js";
import { $, complain } from "./element.js";
import { Faults } from "./faults.js";
import { Ledger } from "./ledger.js";
import { parse } from "./number.js";
import { wide } from "./screen.js";
import { follow } from "./stream.js";

const account = new Account();
const desk = new Desk(account);
const faults = new Faults();
const ledger = new Ledger();
account.changed = () => desk.accountChanged();

// A bulk send raises thousands of events; what only refreshes a figure waits for the burst to pass.
const SETTLE_MS = 250;
let refreshTimer;
function refreshSoon() {
  refreshTimer ??= setTimeout(() => {
    refreshTimer = undefined;
    account.load().catch(complain);
    if (ledger.open) ledger.load();
  }, SETTLE_MS);
}

async function loadAll() {
  try {
    await account.load();
    await Promise.all([desk.load(), faults.load()]);
    ledger.clear();
    await route();
  } catch (error) {
    complain(error);
  }
}

async function route() {
  const [view, written] = location.hash.slice(1).split("/");
  const number = view === "phone" ? parse(written ?? "") : null;
  const shown = view === "ledger" ? "ledger" : number ? "phone" : "phones";
  $("main").dataset.view = shown;
  $("ledger").hidden = shown !== "ledger";
  for (const link of document.querySelectorAll(".views a")) {
    if (link.hash === (shown === "ledger" ? "#ledger" : "#phones")) link.setAttribute("aria-current", "page");
    else link.removeAttribute("aria-current");
  }
  if (shown === "ledger") await ledger.load();
  else desk.look();
  if (shown === "phone") await desk.show(number);
}

function cleared() {
  desk.clear();
  ledger.clear();
  if (location.hash.startsWith("#phone/")) location.hash = "#phones";
  account.load().catch(complain);
  faults.load().catch(complain);
}

const SAID = { open: "Live", lost: "Reconnecting…" };

// On a narrow screen the drawer covers what a link leads to, be it where one already is.
for (const link of document.querySelectorAll(".views a")) {
  link.addEventListener("click", () => { if (!wide.matches) faults.close(); });
}
addEventListener("hashchange", route);

const dialog = $("reset-dialog");
$("reset").addEventListener("click", () => dialog.showModal());
dialog.querySelector("[data-close]").addEventListener("click", () => dialog.close());
$("reset-confirm").addEventListener("click", async () => {
  dialog.close();
  try {
    await api.reset();
    cleared();
  } catch (error) {
    complain(error);
  }
});

// Everything is loaded once the stream is open, so that nothing falls between the two.
follow(
  {
    message: ({ number, ...message }) => { desk.receive(number, message); refreshSoon(); },
    phone: ({ number }) => desk.meet(number),
    opt_out: ({ number, senderId }) => desk.remark(number, senderId, `Opted out of ${senderId}`),
    subscription: ({ number, shortCode, keyword, updateType }) =>
      desk.remark(number, shortCode, `${updateType === "addition" ? "Subscribed to" : "Left"} ${keyword}`),
    callback: (callback) => { desk.report(callback); refreshSoon(); },
    faults: (values) => { faults.show(values); refreshSoon(); },
    reset: cleared,
    resync: loadAll,
  },
  {
    changed: (state) => {
      $("live").dataset.state = state;
      $("live-text").textContent = SAID[state];
    },
    opened: loadAll,
  },
);
