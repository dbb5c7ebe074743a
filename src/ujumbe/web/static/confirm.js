// Asks before a form with `data-confirm` is sent: its question, with the words of the button that was pressed.

export function confirmations() {
  const dialog = document.getElementById("confirm");
  if (!dialog) return;
  const yes = dialog.querySelector("[data-yes]");
  let waiting;

  document.addEventListener("submit", (event) => {
    const { target: form, submitter } = event;
    if (!form.dataset.confirm || form === waiting?.form) return;
    event.preventDefault();
    waiting = { form, submitter };
    document.getElementById("confirm-title").textContent = form.dataset.confirm;
    yes.textContent = submitter?.textContent.trim() ?? "Yes";
    dialog.showModal();
  });
  yes.addEventListener("click", () => {
    const { form, submitter } = waiting;
    dialog.close();
    form.requestSubmit(submitter);
    waiting = undefined;
  });
  dialog.querySelector("[data-no]").addEventListener("click", () => {
    waiting = undefined;
    dialog.close();
  });
  dialog.addEventListener("cancel", () => { waiting = undefined; });
}
