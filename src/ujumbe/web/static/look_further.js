// Where a search met its bound and found nothing, the next look begins by itself, in sight, until somebody stops it.

import { refresh } from "./live.js";

const REST_MS = 250;
let stopped = false;
let timer;

function follow() {
  clearTimeout(timer);
  const link = document.querySelector("#further[data-goes-on]");
  if (!link || stopped) return;
  timer = setTimeout(() => {
    history.replaceState(null, "", link.href);
    refresh();
  }, REST_MS);
}

addEventListener("ujumbe:fresh", follow);
document.addEventListener("input", () => {
  clearTimeout(timer);
  stopped = false;
});
document.addEventListener("click", (event) => {
  const button = event.target.closest?.("[data-stop]");
  if (!button) return;
  stopped = true;
  clearTimeout(timer);
  button.disabled = true;
});
follow();
