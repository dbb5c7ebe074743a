// Compose, livelier: the scales follow the text while it is typed, and a test is sent and followed without leaving the
// page. The server weighs and sends; here it is only asked.

const PAUSE_MS = 250;
const REMEMBERED = "ujumbe.test";

const form = document.getElementById("compose");
const meter = document.getElementById("meter");
const tested = document.getElementById("tested");
const own = document.getElementById("test_to");

let timer;
let asked = 0;
let counted = document.getElementById("to").value;

form.addEventListener("input", (event) => {
  if (!["text", "to", "kind"].includes(event.target.name)) return;
  clearTimeout(timer);
  timer = setTimeout(weigh, PAUSE_MS);
});

async function weigh() {
  const turn = ++asked;
  const { text, kind, to } = form.elements;
  const given = new FormData();
  given.set("text", text.value);
  given.set("kind", kind.value);
  // A long list is sent only when it has changed.
  const people = meter.querySelector("[data-people]").dataset.people;
  const known = people && to.value === counted && kind.value !== "premium";
  if (known) given.set("people", people);
  else given.set("to", to.value);
  counted = to.value;
  const part = await post("/compose/meter", given);
  if (part !== undefined && turn === asked) meter.innerHTML = part;
}

/** A part of the page from the server; nothing where it could not be had. */
async function post(path, body) {
  try {
    const response = await fetch(path, { method: "POST", body, credentials: "same-origin" });
    return response.ok || response.status === 422 ? await response.text() : undefined;
  } catch {
    return undefined;
  }
}

own.value ||= remembered();
own.addEventListener("keydown", (event) => {
  if (event.key !== "Enter") return;
  event.preventDefault();
  form.requestSubmit(form.querySelector("button[value=test]"));
});
form.addEventListener("submit", async (event) => {
  if (event.submitter?.value !== "test") return;
  event.preventDefault();
  await test(event.submitter);
});

async function test(button) {
  if (button.disabled) return;
  button.disabled = true;
  const given = new FormData(form);
  given.delete("file");
  given.delete("to");
  const part = await post("/compose/test", given);
  button.disabled = false;
  if (part === undefined) {
    // The key stays: where it was sent after all, pressing again sends nothing twice.
    const line = tested.querySelector(".error") ?? tested.appendChild(document.createElement("p"));
    line.className = "error";
    line.textContent = "No answer came. Press the button again: it is not sent twice.";
    document.getElementById("announcer").textContent = line.textContent;
    return;
  }
  tested.innerHTML = part;
  remember(own.value);
}

// Each event of a message makes the page look again (live.js); the test looks with it.
addEventListener("ujumbe:fresh", async () => {
  const id = form.elements.tested?.value;
  if (!id) return;
  try {
    const response = await fetch(`/compose/tests/${id}`, { headers: { "x-live": "1" }, credentials: "same-origin" });
    if (!response.ok) return;
    const part = new DOMParser().parseFromString(await response.text(), "text/html");
    const line = part.querySelector(".tested");
    if (line && form.elements.tested.value === id) tested.querySelector(".tested").replaceWith(line);
  } catch {
    // The next event asks again.
  }
});

// Numbers do not belong into cookies: this one stays in this browser.
function remembered() {
  try {
    return localStorage.getItem(REMEMBERED) ?? "";
  } catch {
    return "";
  }
}

function remember(number) {
  try {
    localStorage.setItem(REMEMBERED, number);
  } catch {
    // A browser that keeps nothing: it is typed again.
  }
}

document.getElementById("verdict")?.focus({ preventScroll: false });
