"""How long final reports took, by network: what is unusual is worked out from it."""

from typing import Final

from ujumbe.store.database import Tx

LONGEST_BUCKET: Final = 20
"""2**20 seconds: twelve days."""


def note(tx: Tx, account: int, network_code: str, took_ms: int) -> None:
    """Count a final report that came so long after AT had taken the text."""
    bucket = min(max(took_ms // 1000, 0).bit_length(), LONGEST_BUCKET)
    tx.run("report_times.note", account=account, network_code=network_code, bucket=bucket)


def counts(tx: Tx, account: int) -> dict[str, dict[int, int]]:
    """How many reports took at most 2**bucket seconds, by network code and bucket."""
    found: dict[str, dict[int, int]] = {}
    for code, bucket, reports in tx.tuples("report_times.counts", account=account):
        found.setdefault(code, {})[bucket] = reports
    return found
