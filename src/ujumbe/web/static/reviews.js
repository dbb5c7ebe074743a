// o and n decide about the text that is chosen (by j and k, or because something in it has the focus).

import { typing } from "./keys.js";

addEventListener("keydown", (event) => {
  if (event.repeat || typing(event)) return;
  const button = document.activeElement.closest(".doubt")?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});
