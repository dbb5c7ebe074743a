// Tells the server the viewer's time zone: it writes all times. The first page ever is loaded once more.

const YEAR_SECONDS = 31_536_000;

export function zone() {
  const name = Intl.DateTimeFormat().resolvedOptions().timeZone;
  const { zone: written, method } = document.documentElement.dataset;
  if (!name || !written || name === written) return;
  const cookie = `zone=${encodeURIComponent(name)}`;
  document.cookie = `${cookie}; path=/; max-age=${YEAR_SECONDS}; samesite=lax`;
  // Not where cookies are refused, or a zone that the server does not know: it would never end. Nor what a form sent.
  const kept = document.cookie.split("; ").includes(cookie);
  if (kept && method === "GET" && sessionStorage.getItem("zone") !== name) {
    sessionStorage.setItem("zone", name);
    location.reload();
  }
}
