"""From the log to the receivers, without a network: what is sent when, and what follows from each answer."""

from typing import Any

import pytest

from tests.flows.conftest import Clock
from tests.flows.desk import Desk, number
from tests.flows.places import during
from ujumbe.domain.event import Type
from ujumbe.domain.webhook import HOPELESS_MS, SCHEDULE_SECONDS, DeliveryState, Outcome
from ujumbe.flows import dispatching, measuring, upkeep
from ujumbe.flows.dispatching import LEASE_MS, Answer, Job
from ujumbe.store import deliveries, events, webhooks
from ujumbe.store.deliveries import Delivery
from ujumbe.store.webhooks import Webhook

DAY_MS = 24 * 3600 * 1000
GOOD = Answer(200, "thanks", "", 5)
BAD = Answer(500, "oh", "it answered 500", 5)
SILENT = Answer(None, "", "no answer within 15 s", 15_000)
GONE = Answer(410, "", "it answered 410", 5)
S = DeliveryState


class Post:
    """An endpoint, and the dispatcher's steps by hand."""

    def __init__(self, desk: Desk, *types: Type) -> None:
        self.desk = desk
        made = desk.store.write(webhooks.create, desk.account, "https://example.org/x", types)
        assert made is not None
        self.id = made.id

    def webhook(self) -> Webhook:
        found = self.desk.store.read(webhooks.find, self.desk.account, self.id)
        assert found is not None
        return found

    def jobs(self, most: int = 100) -> list[Job]:
        """What is to be sent now."""
        desk = self.desk
        while desk.store.write(events.number):
            pass
        for endpoint in desk.store.read(dispatching.look, desk.account).endpoints:
            if endpoint.webhook.id == self.id and endpoint.behind:
                desk.store.run(dispatching.make, desk.store.db, desk.account, endpoint.webhook)
        return desk.store.write(dispatching.claim, desk.account, self.id, most)

    def record(self, job: Job, answer: Answer) -> Outcome | None:
        return self.desk.store.write(dispatching.record, self.desk.account, job.leased, answer, 0.5)

    def shown(self) -> list[Delivery]:
        return self.desk.store.read(deliveries.page, self.id, before=None, limit=1_000).items

    def states(self) -> list[DeliveryState]:
        """Oldest first."""
        return [each.state for each in reversed(self.shown())]

    def again(self, after: int, until: int) -> tuple[int, int]:
        desk = self.desk
        return desk.store.run(dispatching.redeliver, desk.store.db, desk.account, self.webhook(), after, until)


def seqs(jobs: list[Job]) -> list[int]:
    return [each.document["seq"] for each in jobs]


def test_what_happens_after_an_endpoint_was_made_is_sent_to_it_once(desk: Desk) -> None:
    desk.accept(number(0))
    post = Post(desk)
    assert post.jobs() == []
    desk.accept(number(1), number(2))
    jobs = post.jobs()
    assert [each.document["data"]["to"] for each in jobs] == [number(1), number(2)]
    assert {each.secrets for each in jobs} == {(post.webhook().secret,)}
    assert post.webhook().secret not in repr(jobs)
    assert post.jobs() == []
    assert [post.record(each, GOOD) for each in jobs] == [Outcome.DELIVERED] * 2
    assert post.jobs() == []
    assert post.states() == [S.DELIVERED] * 2


def test_only_its_types(desk: Desk) -> None:
    post, all_ = Post(desk, Type.RECEIVED, Type.OPTED_OUT), Post(desk)
    desk.accept(number(1))
    desk.hear("in-1", number(1), "Habari", template="")
    desk.accept(number(2))
    assert [each.document["type"] for each in post.jobs()] == [Type.RECEIVED]
    assert len(all_.jobs()) == 3
    assert post.webhook().position == 3, "what is not for it is not looked at again"
    desk.store.write(webhooks.retype, desk.account, post.id, [])
    desk.accept(number(3))
    assert [each.document["type"] for each in post.jobs()] == [Type.ACCEPTED]


def test_a_backlog_is_made_in_parts_and_nothing_is_left_out(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "MADE_AHEAD", 3)
    post = Post(desk)
    desk.accept(*map(number, range(10)))
    sent: list[int] = []
    while jobs := post.jobs(2):
        sent += seqs(jobs)
    assert sent == list(range(1, 11))


def test_the_whole_schedule(desk: Desk, clock: Clock) -> None:
    """Each try waits as long as documented, and the same event is sent each time."""
    post, waits, ids = Post(desk), [], set()
    desk.accept(number(1))
    [job] = post.jobs()
    while True:
        ids.add(job.document["id"])
        outcome = post.record(job, SILENT)
        if outcome is Outcome.FAILED:
            break
        assert outcome is Outcome.RETRY
        [shown] = post.shown()
        waits.append((shown.due_at - clock.now) / 1000)
        clock.forward(shown.due_at - clock.now - 1)
        assert post.jobs() == []
        clock.forward(1)
        [job] = post.jobs()
    assert waits == list(SCHEDULE_SECONDS)
    assert len(ids) == 1
    [shown] = post.shown()
    assert (shown.state, len(shown.attempts)) == (S.FAILED, len(SCHEDULE_SECONDS) + 1)
    assert {each.error for each in shown.attempts} == {SILENT.error}
    clock.forward(30 * DAY_MS)
    assert post.jobs() == []


def test_a_success_in_between(desk: Desk, clock: Clock) -> None:
    post = Post(desk)
    desk.accept(number(1))
    assert post.record(post.jobs()[0], BAD) is Outcome.RETRY
    assert post.webhook().failing_since == clock.now
    clock.forward(5_000)
    [job] = post.jobs()
    assert post.record(job, GOOD) is Outcome.DELIVERED
    assert post.webhook().failing_since is None
    [shown] = post.shown()
    assert [each.status for each in shown.attempts] == [500, 200]


def test_gone_disables_at_once_and_enabling_goes_on_where_it_stood(desk: Desk, clock: Clock) -> None:
    post, other = Post(desk), Post(desk)
    desk.accept(number(1), number(2))
    first, second = post.jobs()
    assert post.record(first, GONE) is Outcome.GONE
    assert post.webhook().disabled_at == clock.now
    assert "410" in post.webhook().disabled_reason
    assert post.record(second, BAD) is Outcome.RETRY, "it was under way"
    desk.accept(number(3))
    clock.forward(DAY_MS)
    assert post.jobs() == []
    assert seqs(other.jobs()) == [1, 2, 3]
    desk.store.write(webhooks.enable, desk.account, post.id)
    assert sorted(seqs(post.jobs())) == [1, 2, 3]


def test_five_days_without_a_success_disable(desk: Desk, clock: Clock) -> None:
    post = Post(desk)
    desk.accept(number(1))
    post.record(post.jobs()[0], BAD)
    clock.forward(HOPELESS_MS - 1)
    desk.accept(number(2), lifetime_ms=1)
    jobs = post.jobs()
    assert seqs(jobs) == [1, 2]
    post.record(jobs[0], BAD)
    assert post.webhook().disabled_at is None
    clock.forward(1)
    post.record(jobs[1], BAD)
    assert post.webhook().disabled_at == clock.now
    assert post.webhook().disabled_reason == "nothing was delivered for 5 days; last: it answered 500"
    told = desk.store.read(measuring.measure, desk.account).webhooks
    assert (told.failing, told.disabled, told.oldest_ms) == (0, 1, 0)


def test_one_success_in_five_days_does_not(desk: Desk, clock: Clock) -> None:
    post = Post(desk)
    desk.accept(number(1), number(2))
    first, second = post.jobs()
    post.record(first, BAD)
    post.record(second, GOOD)
    clock.forward(HOPELESS_MS)
    post.record(post.jobs()[0], BAD)
    assert post.webhook().disabled_at is None


def test_a_process_that_dies_between_delivery_and_record(desk: Desk, clock: Clock) -> None:
    post = Post(desk)
    desk.accept(number(1))
    [lost] = post.jobs()
    desk.reopen()
    assert post.jobs() == []
    clock.forward(LEASE_MS)
    [again] = post.jobs()
    assert again.document == lost.document
    assert post.record(again, GOOD) is Outcome.DELIVERED
    assert post.record(lost, BAD) is None, "it was given to another one"
    assert post.states() == [S.DELIVERED]


def test_again(desk: Desk, clock: Clock) -> None:
    """One event or a range, whatever became of them; also what happened before the endpoint was made."""
    desk.accept(number(0))
    post = Post(desk, Type.ACCEPTED)
    desk.accept(number(1), number(2), number(3))
    desk.opt_out(number(9))
    jobs = post.jobs()
    assert seqs(jobs) == [2, 3, 4]
    for each in jobs:
        post.record(each, GOOD)
    assert post.again(2, 5) == (2, 5)
    assert sorted(seqs(post.jobs())) == [3, 4]
    clock.forward(LEASE_MS)
    assert post.again(0, 1) == (1, 1)
    one = dispatching.redeliver_one
    assert desk.store.run(one, desk.store.db, desk.account, post.webhook(), 5), "of whatever type"
    assert not desk.store.run(one, desk.store.db, desk.account, post.webhook(), 6)
    assert sorted(seqs(post.jobs())) == [1, 3, 4, 5]


def test_again_in_parts(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "PAGE", 2)
    monkeypatch.setattr(dispatching, "MOST_REDELIVERED", 4)
    desk.accept(*map(number, range(9)))
    post = Post(desk)
    parts, after = [], 0
    while after < 9:
        done, after = post.again(after, 9)
        parts.append((done, after))
    assert parts == [(4, 4), (4, 8), (1, 9)]
    assert seqs(post.jobs()) == list(range(1, 10))


def test_nothing_goes_to_one_that_is_deleted(desk: Desk) -> None:
    post = Post(desk)
    desk.accept(number(1), number(2))
    [job] = post.jobs(1)
    desk.store.write(webhooks.delete, desk.account, post.id)
    assert desk.store.write(dispatching.claim, desk.account, post.id, 10) == []
    assert post.record(job, GOOD) is Outcome.DELIVERED
    assert desk.store.write(upkeep.forget, 0, 0) == 3
    assert desk.place.ask("SELECT * FROM deliveries") == desk.place.ask("SELECT * FROM webhooks") == []


def test_old_deliveries_are_forgotten(desk: Desk, clock: Clock) -> None:
    post = Post(desk)
    desk.accept(number(1))
    post.record(post.jobs()[0], GOOD)
    clock.forward(4 * DAY_MS + 1)
    desk.reopen()  # ids follow the clock that it was opened with
    desk.accept(number(2))
    post.record(post.jobs()[0], GOOD)
    desk.store.write(upkeep.forget, 0, 0)
    assert [each.seq for each in post.shown()] == [2, 1], "0 keeps them for ever"
    desk.store.write(upkeep.forget, 0, 5)
    assert len(post.shown()) == 2
    desk.store.write(upkeep.forget, 0, 1)
    assert [each.seq for each in post.shown()] == [2]
    assert len(desk.place.ask("SELECT id FROM delivery_attempts")) == 1


def test_how_they_stand(desk: Desk, clock: Clock) -> None:
    def told() -> Any:
        return desk.store.read(measuring.measure, desk.account).webhooks

    post = Post(desk)
    assert told() == measuring.Told(0, 0, 0)
    desk.accept(number(1))
    desk.store.write(events.number)
    clock.forward(7_000)
    assert told() == measuring.Told(0, 0, 7_000), "in the log"
    [job] = post.jobs()
    assert told() == measuring.Told(0, 0, 7_000), "under way"
    post.record(job, BAD)
    clock.forward(3_000)
    assert told() == measuring.Told(1, 0, 10_000)
    clock.forward(2_000)
    post.record(post.jobs()[0], GOOD)
    assert told() == measuring.Told(0, 0, 0)


def test_two_processes_make_and_take_everything_once(shared: Desk) -> None:
    """On PostgreSQL at the same time: deliveries of the same events are made by one, and each is taken by one."""
    post = Post(shared)
    shared.accept(*map(number, range(6)))
    shared.store.write(events.number)
    page = shared.store.read(events.read, shared.account, 0, 100)
    webhook = post.webhook()
    make = dispatching._make

    def both(tx: Any) -> None:
        make(tx, webhook, page)

    from tests.flows.places import overlapped

    overlapped(shared.store, both, both)
    assert len(post.shown()) == 6
    taken: list[Job] = []
    second = during(
        shared.store,
        lambda tx: taken.extend(dispatching.claim(tx, shared.account, post.id, 4)),
        lambda tx: dispatching.claim(tx, shared.account, post.id, 4),
    )
    assert sorted(seqs([*taken, *second])) == list(range(1, 7))
    assert len(second) == 2


def test_what_failed_is_tried_again_in_parts_without_the_log(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dispatching, "PAGE", 2)
    post = Post(desk)
    desk.accept(*(number(each) for each in range(5)))
    for job in post.jobs():
        desk.store.write(deliveries.record, job.leased, deliveries.Attempt(1, 1, 500, "", "oh"), S.FAILED, None)
    assert post.jobs() == []

    def retry() -> tuple[int, bool]:
        return desk.store.run(dispatching.retry_failed, desk.store.db, post.webhook(), 0)

    monkeypatch.setattr(dispatching, "MOST_REDELIVERED", 4)
    assert retry() == (4, True)
    assert retry() == (1, False)
    assert len(post.jobs()) == 5
    assert retry() == (0, False)
