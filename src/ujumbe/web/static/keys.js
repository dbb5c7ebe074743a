// Keys for who keeps the page open all day. None of them works while somebody types.

const TYPING = "input, textarea, select, [contenteditable]";

export function keys() {
  addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || event.target.matches(TYPING) || document.querySelector("dialog[open]")) return;
    const act = { "/": find, c: () => document.querySelector('.nav [href="/compose"]') && go("/compose"), i: () => go("/inbox"), j: () => step(1), k: () => step(-1), "?": help }[event.key];
    if (!act) return;
    event.preventDefault();
    act();
  });
}

function go(path) {
  location.href = path;
}

function find() {
  const field = document.querySelector("main [data-find]") ?? document.getElementById("find");
  field.focus();
  field.select();
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
