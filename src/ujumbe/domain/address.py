"""Which addresses we may send webhooks to: a URL from outside must not make us knock at doors of our own network."""

import ipaddress
import re
from contextlib import suppress
from enum import Enum
from typing import Final
from urllib.parse import SplitResult, urlsplit

from ujumbe.domain.errors import InvalidInputError

LONGEST: Final = 2_000
"""Characters of a URL."""
INTERNAL: Final = frozenset({"local", "internal", "localdomain", "lan", "intranet", "corp", "home", "arpa", "onion"})
"""Last words of names that nobody outside of a network knows."""
LOOPBACK_NAME: Final = "localhost"

IpAddress = ipaddress.IPv4Address | ipaddress.IPv6Address

_NAME = re.compile(r"[A-Za-z0-9_](?:[A-Za-z0-9_.-]*[A-Za-z0-9_.])?")
_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]*|[0-9]+")
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_COMPATIBLE = ipaddress.IPv6Network("::/96")
_NOT_PUBLIC = tuple(
    map(
        ipaddress.ip_network,
        ("100.64.0.0/10", "192.88.99.0/24", "64:ff9b:1::/48", "fec0::/10", "3fff::/20", "::/96"),
    )
)
"""What not every Python's tables hold, and no receiver of webhooks lives in."""


class Reach(Enum):
    """How far webhooks may go."""

    PUBLIC = "public"
    LOOPBACK = "public or this machine"
    """In `ujumbe dev`, where the receiver is a program on the developer's own machine."""
    ANY = "any"
    """UJUMBE_WEBHOOKS_PRIVATE."""


def check_url(url: str, reach: Reach, *, field: str = "url") -> str:
    """`url` without blanks around it, if webhooks may go there as far as its words tell.

    A name may still lead anywhere: what it leads to is checked (`allowed`) when the connection is made. Raises
    `InvalidInputError` naming `field`; the text never repeats the URL, which may hold a secret.
    """
    stripped = url.strip()
    parts = _parts(stripped, field)
    host = (parts.hostname or "").lower().rstrip(".")
    if ":" in host:
        if not allowed(_ipv6(host, field), reach):
            raise InvalidInputError(field, _refusal(reach))
        return stripped
    if not _NAME.fullmatch(host) or ".." in host:
        raise InvalidInputError(field, "its host is no name and no address; write other scripts as xn--…")
    address = _ipv4(host, field)
    if not (allowed(address, reach) if address is not None else _named(host, reach)):
        raise InvalidInputError(field, _refusal(reach))
    return stripped


def allowed(address: IpAddress, reach: Reach) -> bool:
    """Whether a connection to `address` may be made. One within another (mapped, 6to4, NAT64) counts as itself."""
    if reach is Reach.ANY:
        return True
    inner = _inner(address)
    if inner.is_loopback:
        return reach is Reach.LOOPBACK
    return (
        inner.is_global
        and not (inner.is_multicast or inner.is_reserved or inner.is_unspecified)
        and not any(inner in network for network in _NOT_PUBLIC if network.version == inner.version)
    )


def _parts(url: str, field: str) -> SplitResult:
    if not url.isascii() or not url.isprintable() or " " in url or "\\" in url:
        raise InvalidInputError(field, "it holds a blank, a backslash or a character that no address has")
    if len(url) > LONGEST:
        raise InvalidInputError(field, f"it is longer than {LONGEST:,} characters")
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise InvalidInputError(field, "it is no address: its host or port cannot be read") from None
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise InvalidInputError(field, "give an address that begins with https:// or http://")
    if "@" in parts.netloc:
        raise InvalidInputError(field, "a name or password in the address is not taken")
    if port == 0 or parts.netloc.endswith(":"):
        raise InvalidInputError(field, "it is no address: its host or port cannot be read")
    if parts.fragment or url.endswith("#"):
        raise InvalidInputError(field, "what stands behind # is never sent: leave it out")
    return parts


def _ipv6(host: str, field: str) -> ipaddress.IPv6Address:
    try:
        address = ipaddress.IPv6Address(host)
    except ValueError:
        address = None
    if address is None or address.scope_id is not None:
        raise InvalidInputError(field, "its host is no IPv6 address")
    return address


def _ipv4(host: str, field: str) -> ipaddress.IPv4Address | None:
    """The address that a host is in any of its notations: four parts or fewer, decimal, octal or hexadecimal.

    None for a name. A host that ends in a number and is no address is refused: programs differ in what they read in it.
    """
    labels = host.split(".")
    if not _NUMBER.fullmatch(labels[-1]):
        return None
    if 1 <= len(labels) <= 4 and all(map(_NUMBER.fullmatch, labels)):
        with suppress(ValueError, OverflowError):  # an 8 or 9 in what begins with 0, or a part that is too large
            *heads, last = [_number(label) for label in labels]
            packed = bytes(heads) + last.to_bytes(5 - len(labels), "big")
            return ipaddress.IPv4Address(packed)
    raise InvalidInputError(field, "its host ends in a number and is no IPv4 address")


def _number(label: str) -> int:
    if label[:2].lower() == "0x":
        return int(label[2:] or "0", 16)
    return int(label, 8) if label.startswith("0") else int(label)


def _named(host: str, reach: Reach) -> bool:
    labels = host.split(".")
    if labels[-1] == LOOPBACK_NAME:
        return reach is not Reach.PUBLIC
    return reach is Reach.ANY or (len(labels) > 1 and labels[-1] not in INTERNAL)


def _inner(address: IpAddress) -> IpAddress:
    """The IPv4 address that an IPv6 one stands for, where it does."""
    if isinstance(address, ipaddress.IPv4Address):
        return address
    if address in _NAT64 or (address in _COMPATIBLE and int(address) > 1):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or address


def _refusal(reach: Reach) -> str:
    away = "" if reach is Reach.PUBLIC else " other than this machine"
    return f"webhooks go to no private address{away}; UJUMBE_WEBHOOKS_PRIVATE allows it"
