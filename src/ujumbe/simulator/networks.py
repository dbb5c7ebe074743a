"""The operator of a number, by its prefix, as AT's `networkCode` (documented codes; prefixes assumed)."""

from __future__ import annotations

UNKNOWN = "99999"
"""Athena, the network of AT's sandbox (documented); here also where no prefix matches."""

_PREFIXES = {
    "63902": "25470 25471 25472 25474 254757 254758 254759 254768 254769 25479 25411",
    "63903": "25473 254750 254751 254752 254753 254754 254755 254756 25478 25410",
    "63907": "25477",
    "63999": "254763 254764 254765 254766",
    "64101": "25670 25674 25675",
    "64110": "25676 25677 25678 25639",
    "64111": "25671",
    "62130": "234803 234806 234703 234706 234810 234813 234814 234816 234903 234906",
    "62120": "234802 234808 234701 234708 234812 234902 234907",
    "62150": "234805 234807 234705 234811 234815 234905",
    "62160": "234809 234817 234818 234908 234909",
    "64004": "25574 25575 25576",
    "64005": "25568 25569 25578",
    "64002": "25565 25567 25571",
    "64003": "25577",
    "64009": "25561 25562",
    "63510": "25078 25079",
    "63513": "25072",
    "63514": "25073",
    "62001": "23324 23354 23355 23359",
    "62002": "23320 23350",
    "62006": "23326 23327 23356 23357",
    "65001": "26588",
    "65010": "26599",
    "65501": "2782 2772 2776",
    "65510": "2783 2773 2778",
    "65507": "2784 2774",
}

_BY_PREFIX = {prefix: code for code, prefixes in _PREFIXES.items() for prefix in prefixes.split()}


def network_of(number: str) -> str:
    """Return the code of the network that a number in E.164 was first given to."""
    for end in (7, 6, 5):
        code = _BY_PREFIX.get(number[1:end])
        if code is not None:
            return code
    return UNKNOWN
