"""Numbers that give each outcome without any knob. AT has none of its own; the outcomes are AT's.

All lie in +254711900000 to +254711919999; no other number is special. The table in `docs/simulator.md` is
`as_markdown()`, and a test holds the two together.
"""

from __future__ import annotations

from dataclasses import dataclass

STATUSES = {
    100: "Success",
    101: "Success",
    102: "Success",
    401: "RiskHold",
    402: "InvalidSenderId",
    403: "InvalidPhoneNumber",
    404: "UnsupportedNumberType",
    405: "InsufficientBalance",
    406: "UserInBlacklist",
    407: "CouldNotRoute",
    409: "DoNotDisturbRejection",
    500: "InternalServerError",
    501: "GatewayError",
    502: "RejectedByGateway",
}
"""Each `statusCode` and its `status` (documented; that 100 to 102 all say `Success` is recorded)."""

INTERIM = ("Sent", "Submitted", "Buffered")
"""The statuses of reports that settle nothing (documented)."""


@dataclass(frozen=True, slots=True)
class Report:
    """One delivery report. `bare` leaves all but `id` and `status` out, as AT did in 2016 (recorded)."""

    status: str
    reason: str = ""
    bare: bool = False

    @property
    def final(self) -> bool:
        """Whether the report settles the message's fate."""
        return self.status not in INTERIM

    def __str__(self) -> str:
        return self.status + (f" ({self.reason})" if self.reason else "") + (" with only two fields" * self.bare)


@dataclass(frozen=True, slots=True)
class Magic:
    """What becomes of a number: its line in the answer, its reports, and whether the handset shows the text.

    `code` None means what any number gets. `taken` means that AT sends and charges it. `identified` gives the
    line a message id; `listed` puts the line into the answer at all.
    """

    code: int | None = None
    taken: bool = True
    identified: bool = True
    listed: bool = True
    reports: tuple[Report, ...] = ()
    arrives: bool = True

    def __str__(self) -> str:
        if not self.listed:
            line = "not listed in the answer"
        elif self.code is None:
            line = "accepted"
        else:
            line = f"{self.code} `{STATUSES[self.code]}`"
            if self.code >= 400:
                line += ", with a message id" if self.identified else ", no message id"
        if not self.taken:
            return f"{line}; not sent, not charged"
        reports = " → ".join(map(str, self.reports)) or "no report"
        return f"{line}; {reports}; the text {'arrives' if self.arrives else 'does not arrive'}"


SUCCESS = Report("Success")
DELIVERED = (*map(Report, INTERIM), SUCCESS)
"""What any number gets, if the knob `reports` is `full`."""

REASONS = {
    602: "InsufficientCredit",
    603: "InvalidLinkId",
    604: "UserIsInactive",
    605: "UserInBlackList",
    606: "UserAccountSuspended",
    607: "NotNetworkSubcriber",
    608: "UserNotSubscribedToProduct",
    609: "UserDoesNotExist",
    610: "DeliveryFailure",
    611: "DoNotDisturbRejection",
}
"""Each `failureReason`, spelt as AT's documentation does."""


def failed(reason: str, status: str = "Failed") -> Magic:
    """Build the fate of a text that is taken and then not delivered."""
    return Magic(reports=(Report("Sent"), Report("Submitted"), Report(status, reason)), arrives=False)


def _numbers() -> dict[str, Magic]:
    by_suffix: dict[int, Magic] = {900100: Magic(code=100, reports=DELIVERED)}
    by_suffix |= {900000 + code: Magic(code=code, taken=False, identified=False) for code in STATUSES if code >= 400}
    by_suffix |= {
        900600: Magic(reports=(Report("Sent"), Report("Rejected")), arrives=False),
        900601: Magic(reports=(Report("Sent"), Report("Rejected", "DeliveryFailure")), arrives=False),
    }
    by_suffix |= {900000 + code: failed(reason) for code, reason in REASONS.items()}
    by_suffix |= {
        900612: failed(""),
        900613: failed("", "AbsentSubscriber"),
        900614: failed("", "Expired"),
        900615: failed("", "Quarantined"),
        900616: failed("SomethingNew"),
        900701: Magic(reports=(Report("Sent"),), arrives=False),
        900702: Magic(reports=(Report("Sent"), Report("Submitted")), arrives=False),
        900703: Magic(reports=tuple(map(Report, INTERIM)), arrives=False),
        900704: Magic(),
        900705: Magic(reports=(SUCCESS, Report("Buffered"), Report("Submitted"), Report("Sent"))),
        900706: Magic(reports=(SUCCESS, SUCCESS, SUCCESS)),
        900707: Magic(reports=(SUCCESS, Report("Failed", "DeliveryFailure"))),
        900708: Magic(reports=(Report("Success", bare=True),)),
        901401: Magic(code=401, identified=False, reports=DELIVERED),
        901500: Magic(code=500, reports=DELIVERED),
        901501: Magic(code=501, reports=DELIVERED),
        901502: Magic(code=502, reports=DELIVERED),
        902001: Magic(listed=False, reports=DELIVERED),
    }
    return {f"+254711{suffix}": magic for suffix, magic in by_suffix.items()}


NUMBERS = _numbers()
"""Every magic number and what becomes of it."""

OLD_HANDSET = "+254711900801"
"""Its texts reach the service as in older captures: no zone in the date, no `cost`, `networkCode`, `linkId`."""


def as_markdown() -> str:
    """Write the table for the documentation."""
    rows = [f"| `{number}` | {magic} |" for number, magic in sorted(NUMBERS.items())]
    wrote = "what it *writes* has a date without a zone and no `cost`, `networkCode`, `linkId`"
    old = f"| `{OLD_HANDSET}` | as any number; {wrote} |"
    return "\n".join(["| number | what becomes of a text to it |", "|---|---|", *rows, old])
