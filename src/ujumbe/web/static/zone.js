// Tells the server the viewer's time zone: it writes all times. The first page ever is written once more.

import { refresh } from "./live.js";

const YEAR_SECONDS = 31_536_000;

export function zone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { zone: written } = document.documentElement.dataset;
  if (!name || !written || name === written) return;
  document.cookie = `zone=${encodeURIComponent(name)}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  refresh();
}
