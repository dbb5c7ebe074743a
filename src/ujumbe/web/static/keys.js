// Keys for who keeps the page open all day. None of them works while somebody types; Escape leaves a search.

const TYPING = "input, textarea, select, [contenteditable]";

/** Whether a key is no command: it is part of a text, of a shortcut of the browser's, or a dialog is open. */
export function typing(event) {
  const { ctrlKey, metaKey, altKey, target } = event;
  return ctrlKey || metaKey || altKey || target.matches(TYPING) || Boolean(document.querySelector("dialog[open]"));
}

export function keys() {
  addEventListener("keydown", (event) => {
    if (event.key === "Escape" && event.target.matches("input[type=search]") && !event.isComposing) {
      event.preventDefault(); // browsers would empty the field: what was found is to be gone through with j and k
      event.target.blur();
      return;
    }
    if (typing(event)) return;
    const act = { "/": find, c: compose, i: () => go("/inbox"), j: () => step(1), k: () => step(-1), r: reply, "?": help }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function go(path) {
  location.href = path;
}

/** Only for who may send: for others the menu has no such place. */
function compose() {
  if (document.querySelector('.nav [href="/compose"]')) go("/compose");
}

function find() {
  const field = document.querySelector("main [data-find]") ?? document.getElementById("find");
  field.focus();
  field.select();
}

/** The box in which the conversation on this page is answered, where there is one. */
function reply() {
  document.querySelector("#reply textarea")?.focus();
}

/** The link of the next or previous row of the first list on the page. */
function step(by) {
  const links = [...document.querySelectorAll("[data-list] [data-row]")];
  const at = links.indexOf(document.activeElement);
  const next = links[at < 0 ? 0 : Math.min(Math.max(at + by, 0), links.length - 1)];
  next?.focus();
}

function help() {
  document.getElementById("keys").showModal();
}
