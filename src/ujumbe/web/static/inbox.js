// The reply box: Ctrl+Enter sends, and a second click waits for the page that the first one brings.

const form = document.getElementById("reply");

form?.addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
  event.preventDefault();
  form.requestSubmit();
});

form?.addEventListener("submit", (event) => {
  if (form.dataset.sent) event.preventDefault();
  form.dataset.sent = "yes";
});

// Back from another page, the form may be used again: what it sends twice is stored once all the same.
addEventListener("pageshow", () => { delete form?.dataset.sent; });
