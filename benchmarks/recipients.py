"""Phone numbers and requests to send, all different, in whatever quantity."""

from collections.abc import Iterator

from benchmarks import load


def numbers(many: int, start: int = 0) -> list[str]:
    """So many different numbers of a Kenyan mobile's shape."""
    return [f"+2547{start + place:08d}" for place in range(many)]


def singles(key: str, many: int, *, start: int = 0, texts: bool = False, keyed: str = "") -> Iterator[bytes]:
    """Requests with one recipient each: of one text or (`texts`) each of its own, with (`keyed`) an Idempotency-Key."""
    for place, number in enumerate(numbers(many, start)):
        text = f"Your code is {place:06d}." if texts else "Clinic opens at nine tomorrow."
        headers = {"idempotency_key": f"{keyed}-{place}"} if keyed else {}
        yield load.json_post("/v1/messages", {"to": number, "text": text}, key, **headers)


def lists(key: str, many: int, *, each: int = 1_000, start: int = 0) -> Iterator[bytes]:
    """Requests of one text to `each` numbers, for `many` numbers in all."""
    for place in range(0, many, each):
        to = numbers(min(each, many - place), start + place)
        yield load.json_post("/v1/messages", {"to": to, "text": "Clinic opens at nine tomorrow."}, key)
