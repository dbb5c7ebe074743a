// Buttons that copy the text of the element named by `data-copy`.

const SAID_MS = 1600;

export function copying() {
  document.addEventListener("click", async (event) => {
    const button = event.target.closest?.("[data-copy]");
    if (!button) return;
    const text = document.getElementById(button.dataset.copy).textContent;
    const label = button.querySelector("span");
    const was = button.dataset.was ?? label.textContent;
    button.dataset.was = was;
    label.textContent = (await written(text)) ? "Copied" : "Select and copy";
    document.getElementById("announcer").textContent = label.textContent;
    setTimeout(() => { label.textContent = was; }, SAID_MS);
  });
}

/** Whether it lies on the clipboard: a browser gives that only to pages from localhost or over HTTPS. */
async function written(text) {
  try {
    await navigator.clipboard.writeText(text);
    return true;
  } catch {
    return false;
  }
}
