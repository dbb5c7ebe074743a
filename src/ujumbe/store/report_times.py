"""How long final reports took, by network: what is unusual is worked out from it."""

from collections.abc import Mapping
from typing import Final

from ujumbe.store.database import Tx

LONGEST_BUCKET: Final = 20
"""2**20 seconds: twelve days."""


def bucket(took_ms: int) -> int:
    """The power of two of seconds that a report took at most."""
    return min(max(took_ms // 1000, 0).bit_length(), LONGEST_BUCKET)


def note(tx: Tx, account: int, took: Mapping[tuple[str, int], int]) -> None:
    """Count final reports: how many, by network code and bucket."""
    # In order, so that two processes never wait for each other in a ring.
    for (network_code, power), reports in sorted(took.items()):
        tx.run("report_times.note", account=account, network_code=network_code, bucket=power, reports=reports)


def counts(tx: Tx, account: int) -> dict[str, dict[int, int]]:
    """How many reports took at most 2**bucket seconds, by network code and bucket."""
    found: dict[str, dict[int, int]] = {}
    for code, bucket, reports in tx.tuples("report_times.counts", account=account):
        found.setdefault(code, {})[bucket] = reports
    return found
