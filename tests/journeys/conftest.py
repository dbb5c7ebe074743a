"""What a person or a checker reads over HTTP."""

from typing import Any

import httpx


def pages(client: httpx.Client, path: str) -> list[dict[str, Any]]:
    """All items of a list of the API, newest first."""
    items: list[dict[str, Any]] = []
    cursor: str | None = ""
    while cursor is not None:
        page = client.get(path, params={"limit": 1_000, **({"cursor": cursor} if cursor else {})}).json()
        items += page["items"]
        cursor = page["next"]
    return items


def ledger(client: httpx.Client, base: str = "/simulator") -> list[dict[str, Any]]:
    """Every recipient line that the local AT was ever asked to send."""
    items: list[dict[str, Any]] = []
    after: int | None = 0
    while after is not None:
        page = client.get(f"{base}/ledger", params={"after": after}).json()
        items += page["items"]
        after = page["next"]
    return items
