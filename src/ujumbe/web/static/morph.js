// Turns one element into another with as few changes as can be: what is equal stays, with its focus, its selection
// and whatever is open in it. Children are told apart by their ids.

/** Make `from` (in the page) look like `to` (from the server). */
export function morph(from, to) {
  if (from.isEqualNode(to)) return;
  attributes(from, to);
  children(from, to);
}

function attributes(from, to) {
  for (const { name, value } of to.attributes) {
    // What a person opened stays open.
    if (from.getAttribute(name) !== value && !(name === "open" && from.localName === "details")) from.setAttribute(name, value);
  }
  for (const { name } of [...from.attributes]) {
    if (!to.hasAttribute(name) && !(name === "open" && from.localName === "details")) from.removeAttribute(name);
  }
}

function children(from, to) {
  const known = new Map([...from.children].filter((each) => each.id).map((each) => [each.id, each]));
  const had = known.size > 0;
  const staying = new Set([...to.children].map((each) => each.id));
  // What is gone goes first: whatever is moved loses its focus, and below a row that left nothing has to move.
  for (const [id, each] of known) if (!staying.has(id)) each.remove();
  let place = from.firstChild;
  for (const wanted of [...to.childNodes]) {
    const kept = wanted.id ? known.get(wanted.id) : sameKind(place, wanted) ? place : null;
    if (kept) {
      while (wanted.id && place && place !== kept && place.nodeType !== Node.ELEMENT_NODE) place = dropped(place);
      if (kept === place) place = place.nextSibling;
      else from.insertBefore(kept, place);
      if (kept.nodeType === Node.ELEMENT_NODE) update(kept, wanted);
      else if (kept.data !== wanted.data) kept.data = wanted.data;
    } else {
      const added = document.importNode(wanted, true);
      if (had && added.id) added.classList.add("fresh");
      from.insertBefore(added, place);
    }
  }
  while (place) place = dropped(place);
}

/** What follows a node that is taken away. */
function dropped(node) {
  const next = node.nextSibling;
  node.remove();
  return next;
}

function update(kept, wanted) {
  // A field that somebody is in is theirs.
  if (kept === document.activeElement && kept.matches("input, textarea, select")) return;
  // The mark of an arrival is ours, and goes by itself.
  kept.classList.remove("fresh");
  if (!kept.getAttribute("class")) kept.removeAttribute("class");
  morph(kept, wanted);
}

function sameKind(one, other) {
  return Boolean(one) && one.nodeType === other.nodeType && one.nodeName === other.nodeName && !one.id;
}
