import pytest

from tests.store.opened import Opened
from ujumbe.store import report_times
from ujumbe.store.report_times import LONGEST_BUCKET


@pytest.mark.parametrize(
    ("took_ms", "bucket"),
    [(-5, 0), (0, 0), (999, 0), (1_000, 1), (1_999, 1), (2_000, 2), (3_999, 2), (4_000, 3), (1 << 50, LONGEST_BUCKET)],
)
def test_a_report_counts_in_the_power_of_two_of_seconds_that_it_took(
    store: Opened, ours: int, took_ms: int, bucket: int
) -> None:
    store.write(report_times.note, ours, {("63902", report_times.bucket(took_ms)): 1})
    assert store.read(report_times.counts, ours) == {"63902": {bucket: 1}}


def test_reports_are_counted_by_network_and_account(store: Opened, ours: int, other: int) -> None:
    assert store.read(report_times.counts, ours) == {}
    for code, took_ms in (("63902", 1), ("63902", 2), ("63902", 5_000), ("", 1)):
        store.write(report_times.note, ours, {(code, report_times.bucket(took_ms)): 1})
    store.write(report_times.note, other, {("63902", 0): 1})
    assert store.read(report_times.counts, ours) == {"63902": {0: 2, 3: 1}, "": {0: 1}}


def test_reports_that_come_at_once_are_all_counted(store: Opened, ours: int) -> None:
    store.together([lambda tx: report_times.note(tx, ours, {("63902", 0): 1})] * 20)
    assert store.read(report_times.counts, ours) == {"63902": {0: 20}}
