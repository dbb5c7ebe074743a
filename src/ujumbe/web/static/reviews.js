// o and n decide about the text that is chosen (by j and k, or because something in it has the focus).

const TYPING = "input:not([type=hidden]), textarea, select";

addEventListener("keydown", (event) => {
  if (event.ctrlKey || event.metaKey || event.altKey || event.repeat || event.target.matches(TYPING)) return;
  if (document.querySelector("dialog[open]")) return;
  const button = document.activeElement.closest(".doubt")?.querySelector(`[data-key="${CSS.escape(event.key)}"]`);
  if (!button) return;
  event.preventDefault();
  button.form.requestSubmit(button);
});
