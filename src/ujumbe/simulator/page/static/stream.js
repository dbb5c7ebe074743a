// EventSource reconnects by itself after most failures, but gives up for good on an HTTP error
// (a proxy's 502 while the service restarts), so the second kind is retried here.

const RETRY_MS = 2000;

// The simulator ends each stream after some minutes and the browser is back a second later: no news.
const PATIENCE_MS = 2500;

/**
 * Follows `./events`. `changed("open" | "lost")` says how it stands; `opened()` asks for a full load, as a
 * stream begins with what comes next. (The browser's own reconnections continue after the last event seen.)
 */
export function follow(handlers, { changed, opened }) {
  let source;
  let worry;

  function connect() {
    source = new EventSource("./events");
    source.addEventListener("open", opened, { once: true });
    source.addEventListener("open", () => {
      clearTimeout(worry);
      worry = undefined;
      changed("open");
    });
    source.addEventListener("error", () => {
      worry ??= setTimeout(() => changed("lost"), PATIENCE_MS);
      if (source.readyState === EventSource.CLOSED) setTimeout(connect, RETRY_MS);
    });
    for (const [name, handle] of Object.entries(handlers)) {
      source.addEventListener(name, (event) => handle(event.data ? JSON.parse(event.data) : null));
    }
  }

  connect();
  // A page in the back/forward cache must not hold a connection; six are all HTTP/1.1 gives a host.
  addEventListener("pagehide", () => source.close());
  addEventListener("pageshow", (event) => { if (event.persisted) connect(); });
}
