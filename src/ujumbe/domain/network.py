"""The mobile networks by the codes that AT tells with a report (`networkCode`, MCC and MNC).

Documented by AT; those after the blank line stand in its other products' pages. With number portability the code is the
truth, not the prefix; AT may add others, which are shown as they come.
"""

from typing import Final

NAMES: Final = {
    "62120": "Airtel Nigeria",
    "62130": "MTN Nigeria",
    "62150": "Glo Nigeria",
    "62160": "9mobile Nigeria",
    "63510": "MTN Rwanda",
    "63513": "Tigo Rwanda",
    "63514": "Airtel Rwanda",
    "63902": "Safaricom Kenya",
    "63903": "Airtel Kenya",
    "63907": "Telkom Kenya",
    "63999": "Equitel Kenya",
    "64002": "Tigo Tanzania",
    "64003": "Zantel Tanzania",
    "64004": "Vodacom Tanzania",
    "64005": "Airtel Tanzania",
    "64007": "TTCL Tanzania",
    "64009": "Halotel Tanzania",
    "64101": "Airtel Uganda",
    "64110": "MTN Uganda",
    "64111": "UTL Uganda",
    "64114": "Africell Uganda",
    "65001": "TNM Malawi",
    "65010": "Airtel Malawi",
    "99999": "Athena (AT's sandbox)",

    "62001": "MTN Ghana",
    "62002": "Vodafone Ghana",
    "62006": "AirtelTigo Ghana",
    "63601": "Ethio Telecom",
    "64501": "Airtel Zambia",
    "64502": "MTN Zambia",
    "65501": "Vodacom South Africa",
    "65502": "Telkom South Africa",
    "65507": "Cell C South Africa",
    "65510": "MTN South Africa",
}  # fmt: skip


def name(code: str) -> str:
    """What people call the network of this code: the code itself where it is not known."""
    return NAMES.get(code, f"Network {code}" if code else "Network not told")
