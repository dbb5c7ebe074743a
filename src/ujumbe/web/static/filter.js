// Forms with `data-instant` look while somebody types: the address changes with them, so that it can be kept or shared.

import { refresh } from "./live.js";

const PAUSE_MS = 200;

export function instant() {
  for (const form of document.querySelectorAll("form[data-instant]")) {
    let timer;
    const look = () => {
      const given = [...new FormData(form)].filter(([, value]) => value !== "");
      const query = new URLSearchParams(given).toString();
      history.replaceState(null, "", query ? `${form.action.split("?")[0]}?${query}` : form.action.split("?")[0]);
      refresh();
    };
    form.addEventListener("input", () => {
      clearTimeout(timer);
      timer = setTimeout(look, PAUSE_MS);
    });
    form.addEventListener("submit", (event) => {
      event.preventDefault();
      clearTimeout(timer);
      look();
    });
  }
}
