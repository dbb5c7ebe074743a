"""Prometheus metrics: what this process did, counted as it happens, and how the outbox stands, asked at each scrape.

Several processes are several targets: counters are each one's own and are added up by Prometheus; gauges describe the
shared database, so that any service tells them alike.
"""

from collections.abc import Mapping
from typing import Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from ujumbe.domain.outcome import Verdict
from ujumbe.domain.pause import Pause
from ujumbe.flows.measuring import Outbox
from ujumbe.flows.recording import Finished

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST
CALL_SECONDS: Final = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 20.0, 30.0, 40.0)
"""A call takes 40 s at most (five to connect, thirty without a byte, five for a reply that trickles)."""

# When a counter began is of use to nobody here, and doubles what is scraped.
disable_created_metrics()  # type: ignore[no-untyped-call] # the package leaves this one without types


class Metrics:
    """The metrics of one process."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        """What this process counted: all that a worker tells, who would else tell of an outbox of 0."""
        self._outbox = CollectorRegistry()
        self.accepted = Counter(
            "ujumbe_messages_accepted", "Messages stored by this process", ["source"], registry=self.registry
        )
        self.rejected = Counter(
            "ujumbe_numbers_rejected", "Numbers that were refused a message by this process", registry=self.registry
        )
        self.outcomes = Counter(
            "ujumbe_messages_outcomes",
            "What came of messages in calls to Africa's Talking; one that is tried again counts each time",
            ["outcome"],
            registry=self.registry,
        )
        self.calls = Counter(
            "ujumbe_calls", "Calls to Africa's Talking by how they ended", ["taken"], registry=self.registry
        )
        self.call_seconds = Histogram(
            "ujumbe_call_seconds", "How long calls took", buckets=CALL_SECONDS, registry=self.registry
        )
        self._callbacks = Counter(
            "ujumbe_callbacks", "Callbacks by kind and what became of them", ["kind", "fate"], registry=self.registry
        )
        self._by_fate: dict[tuple[str, str], Counter] = {}
        self.texts = Counter(
            "ujumbe_inbound_texts",
            "Incoming texts by what they came under: a stop, start or help word, a doubt (may), a handler, a rule, the "
            "default, or no number to answer (name)",
            ["rule"],
            registry=self.registry,
        )
        self.tasks = Counter(
            "ujumbe_inbound_tasks",
            "What was done about incoming texts outside of their transaction, by kind and how it ended",
            ["kind", "end"],
            registry=self.registry,
        )
        self.callbacks_refused = Counter(
            "ujumbe_callbacks_refused",
            "Callbacks with a wrong token, or none where one is needed",
            ["kind"],
            registry=self.registry,
        )
        self.webhook_deliveries = Counter(
            "ujumbe_webhook_deliveries",
            "Requests to webhooks by what came of them; an event that is tried again counts each time",
            ["outcome"],
            registry=self.registry,
        )
        self._queue = Gauge("ujumbe_queue_messages", "Messages that wait", ["state"], registry=self._outbox)
        self._oldest = Gauge(
            "ujumbe_queue_oldest_seconds", "How long the first queued message has been due", registry=self._outbox
        )
        self._uncertain = Gauge(
            "ujumbe_uncertain_messages",
            "Messages of which nobody knows whether they were taken",
            registry=self._outbox,
        )
        self._overdue = Gauge(
            "ujumbe_overdue_messages", "Messages that wait unusually long for their report", registry=self._outbox
        )
        self._opted_out = Gauge(
            "ujumbe_opt_outs", "Opt-outs in force, by who told us", ["source"], registry=self._outbox
        )
        self._reviews = Gauge(
            "ujumbe_reviews_waiting", "Texts that may ask to stop and wait for a person", registry=self._outbox
        )
        self._calls_in_flight = Gauge("ujumbe_in_flight_calls", "Calls without an outcome yet", registry=self._outbox)
        self._numbers_in_flight = Gauge(
            "ujumbe_in_flight_numbers", "Numbers in calls without an outcome yet", registry=self._outbox
        )
        self._paused = Gauge("ujumbe_account_paused", "1 while sending is paused", ["kind"], registry=self._outbox)
        self._slowed = Gauge(
            "ujumbe_account_slowed_seconds", "How long AT asked for fewer requests yet (429)", registry=self._outbox
        )

        self._webhooks_failing = Gauge(
            "ujumbe_webhooks_failing", "Webhooks at which nothing succeeds now", registry=self._outbox
        )
        self._webhooks_disabled = Gauge("ujumbe_webhooks_disabled", "Webhooks that are disabled", registry=self._outbox)
        self._webhooks_oldest = Gauge(
            "ujumbe_webhook_oldest_seconds",
            "How long ago the first event happened that a webhook in use still waits for",
            registry=self._outbox,
        )

    def finished(self, finished: Finished, tally: Mapping[Verdict, int]) -> None:
        """Count a call and what it brought."""
        self.calls.labels(finished.taken).inc()
        self.call_seconds.observe(finished.seconds)
        for verdict, number in tally.items():
            self.outcomes.labels(verdict).inc(number)

    def received(self, kind: str, fate: str) -> None:
        """Count a callback."""
        counter = self._by_fate.get((kind, fate))
        if counter is None:  # kept, since looking it up costs more than counting
            counter = self._by_fate[kind, fate] = self._callbacks.labels(kind, fate)
        counter.inc()

    def render(self, standing: Outbox) -> bytes:
        """What this process counted and how the outbox stands, in Prometheus' text format."""
        for state, number in standing.waiting.items():
            self._queue.labels(state).set(number)
        self._oldest.set(standing.oldest_ms / 1000)
        for source, number in standing.opted_out.items():
            self._opted_out.labels(source).set(number)
        self._reviews.set(standing.reviews)
        self._uncertain.set(standing.uncertain)
        self._overdue.set(standing.overdue)
        self._calls_in_flight.set(standing.calls)
        self._numbers_in_flight.set(standing.numbers)
        for pause in Pause:
            if pause is not Pause.NONE:
                self._paused.labels(pause).set(pause is standing.pause)
        self._slowed.set(standing.slow_ms / 1000)
        self._webhooks_failing.set(standing.webhooks.failing)
        self._webhooks_disabled.set(standing.webhooks.disabled)
        self._webhooks_oldest.set(standing.webhooks.oldest_ms / 1000)
        return generate_latest(self.registry) + generate_latest(self._outbox)
