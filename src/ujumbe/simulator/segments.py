"""How many parts a text is billed as. AT publishes no rule; this is GSM 03.38, which its samples fit (assumed)."""

from __future__ import annotations

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENSION = frozenset("\f^{}\\[~]|€")
GSM_7 = BASIC | EXTENSION


def count_parts(text: str) -> int:
    """Count a text's parts, at least 1.

    In the GSM alphabet 160 septets alone or 153 a part, characters of the extension taking two; else UCS-2
    with 70 UTF-16 units alone or 67 a part. A pair is never split over two parts.
    """
    if GSM_7.issuperset(text):
        return _pack(text, alone=160, part=153, wide=EXTENSION)
    return _pack(text, alone=70, part=67, wide=None)


def _pack(text: str, *, alone: int, part: int, wide: frozenset[str] | None) -> int:
    if wide is not None and wide.isdisjoint(text):
        return 1 if len(text) <= alone else -(-len(text) // part)
    sizes = [2 if (ord(char) > 0xFFFF if wide is None else char in wide) else 1 for char in text]
    if sum(sizes) <= alone:
        return 1
    parts, used = 1, 0
    for size in sizes:
        if used + size > part:
            parts, used = parts + 1, 0
        used += size
    return parts
