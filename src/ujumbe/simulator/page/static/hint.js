import { announce, el, icon } from "./element.js";
import { FIRST } from "./number.js";

const COPIED_MS = 1600;

/** Where the page is mounted: "" when the simulator runs alone, "/simulator" beside the service. */
const base = location.pathname.replace(/\/[^/]*$/, "");

const besideService = base.endsWith("/simulator");

function command(text) {
  const button = el("button", { type: "button", class: "icon", "aria-label": "Copy the command" }, icon("copy"));
  const code = el("code", {}, text);
  button.addEventListener("click", async () => {
    try {
      await navigator.clipboard.writeText(text);
    } catch {
      // Outside localhost and HTTPS there is no clipboard: select, so that one keystroke copies.
      getSelection().selectAllChildren(code);
      return;
    }
    button.classList.add("copied");
    button.replaceChildren(icon("check"));
    announce("Copied");
    setTimeout(() => { button.classList.remove("copied"); button.replaceChildren(icon("copy")); }, COPIED_MS);
  });
  return el("div", { class: "command" }, code, button);
}

const FIRST_STEP = besideService ? "Send one from a terminal" : "Point your service here";

/** The one line that makes a text arrive here; alone, the setting that leads a service here. */
function tryIt(number) {
  if (!besideService) return command(`AT_API_URL=${location.origin}${base}`);
  const service = location.origin + base.slice(0, -"/simulator".length);
  return command(`curl "${service}/sms/invoke-bulk-sms?phone=${number.slice(1)}&message=Hello%20World"`);
}

/** What an empty phone shows. */
export function blank(number) {
  return el("div", { class: "blank" },
    el("strong", {}, "No texts yet"),
    el("p", {}, `${FIRST_STEP}:`),
    el("div", { class: "hint" }, tryIt(number)));
}

/** What an empty desk shows. */
export function welcome() {
  const step = (title, ...rest) => el("li", {}, el("h3", {}, title), ...rest);
  const words = el("div", {},
    el("h2", {}, "Send a text. Watch it arrive."),
    el("p", {}, "This is Africa’s Talking on your own machine: no account, no airtime, and nothing leaves it. "
      + "Any number you text becomes a phone on this desk."),
    el("ol", { class: "steps" },
      step(FIRST_STEP, tryIt(FIRST)),
      step("A phone appears with the text in it", el("p", {}, "Or open one yourself under “Open a number”.")),
      step("Answer from the phone", el("p", {}, "Your service receives it as it would from Africa’s Talking."))));
  const ghost = el("div", { class: "ghost", "aria-hidden": "true" }, el("i"), el("i", { class: "out" }), el("i"), el("i"));
  return el("div", { class: "welcome" }, words, ghost);
}
