"""Why a message stands where it stands, in words of the shop, and what to do next: one table."""

from dataclasses import dataclass, replace
from typing import Final

from ujumbe.domain.message import State
from ujumbe.domain.outcome import OUTCOMES
from ujumbe.domain.pause import Pause
from ujumbe.flows import claiming, deciding, upkeep
from ujumbe.store.messages import Message
from ujumbe.store.outbox import WITHDRAWN


@dataclass(frozen=True, slots=True)
class Explanation:
    """What happened in a few words and in a sentence, and the next step (empty where there is none)."""

    short: str
    why: str
    next: str = ""


STATES: Final = {
    State.SCHEDULED: Explanation("", "It waits for the time that was set for it.",
        "Nothing to do. Until then it can be canceled."),
    State.QUEUED: Explanation("", "It waits for its turn to be sent.", "Nothing to do. Until then it can be canceled."),
    State.SENDING: Explanation("", "It is being handed to Africa's Talking at this moment.", "Nothing to do."),
    State.SENT: Explanation(
        "", "Africa's Talking took it. The network has not said yet whether it arrived.",
        "Nothing to do. Most reports come within minutes, some take hours.",
    ),
    State.DELIVERED: Explanation("", "It arrived on the phone."),
    State.UNDELIVERED: Explanation(
        "The network could not deliver it", "The network could not deliver it, and will not try again.",
        "Check the number, or reach this person in another way.",
    ),
    State.FAILED: Explanation(
        "Not taken", "Africa's Talking did not take it. It was not sent and will not be.",
        "Look at the last attempt below for the cause. Once that is mended, send it anew.",
    ),
    State.BLOCKED: Explanation(
        "Opted out", "It was not sent, because this person has opted out.",
        "Do not text them. If they ask for texts again, end their opt-out first.",
    ),
    State.EXPIRED: Explanation(
        "Too late", "It waited too long to be sent, and old news was not sent late.",
        "If it still matters, send it anew.",
    ),
    State.CANCELED: Explanation("Canceled", "Somebody canceled it before it left."),
    State.UNCERTAIN: Explanation(
        "Nobody knows", "It may have been sent or not: no clear answer came back from Africa's Talking.",
        "Decide below what became of it. A report from the network may still settle it by itself.",
    ),
}  # fmt: skip
"""What is to be said where no reason says more."""

_NO_NUMBER: Final = Explanation(
    "No such number", "This is not a number that can get texts.", "Correct the number, and send it anew."
)
_OFF: Final = Explanation(
    "Phone off or out of reach", "The phone was off or out of reach for too long.",
    "Try again later, or reach this person in another way.",
)  # fmt: skip
_STOPPED: Final = Explanation(
    "Opted out", "This person has told the network or Africa's Talking to stop these texts.",
    "Do not text them. If they ask for texts again, they can switch them on with their network.",
)  # fmt: skip
_SENDER: Final = Explanation(
    "Sender not registered", "The sender name is not registered with Africa's Talking for this network.",
    "Have it registered, or send from one that is, then send it anew.",
)  # fmt: skip
_CLOSED: Final = Explanation(
    "Number not in use", "The network says that nobody uses this number at present.",
    "Ask this person for their number.",
)  # fmt: skip
_CREDIT: Final = Explanation(
    "Their airtime is used up", "They pay for this text themselves, and their airtime is used up.",
    "They get it once they have topped up and it is sent anew.",
)  # fmt: skip
_HOURS: Final = Explanation(
    "Not at this hour", "The network takes no promotions at this hour, or not for this person.",
    "Send it by day. A text that is no promotion belongs in another category.",
)  # fmt: skip
_NETWORK: Final = Explanation(
    "The network refused it", "The network refused it and gave no reason.",
    "Try once more later. If it happens to many, ask Africa's Talking with the id below.",
)  # fmt: skip
_BALANCE: Final = Explanation(
    "Balance too low", "The balance at Africa's Talking does not cover it.",
    "Top up. What waits is then sent by itself.",
)  # fmt: skip
_ROUTE: Final = Explanation(
    "No route", "Africa's Talking has no way to this network.", "Ask Africa's Talking, or use another number."
)
_THEIR_FAULT: Final = Explanation(
    "Trouble at Africa's Talking", "Africa's Talking had a fault of its own and did not take it.",
    "Nothing to do while it is tried again. If it was given up, send it anew.",
)  # fmt: skip

_CODES: Final = {
    401: Explanation(
        "Held for a check", "Africa's Talking holds it for a check of its own. It may still go out.",
        "Ask Africa's Talking. Do not send it again before you know.",
    ),
    402: _SENDER, 403: _NO_NUMBER, 404: _NO_NUMBER, 405: _BALANCE, 406: _STOPPED, 407: _ROUTE, 409: _HOURS,
    500: _THEIR_FAULT, 501: _THEIR_FAULT, 502: _THEIR_FAULT,
}  # fmt: skip
"""By AT's status code at the send."""

REASONS: Final[dict[str, Explanation]] = {
    **{OUTCOMES[code].meaning: words for code, words in _CODES.items()},
    **{OUTCOMES[code].name: words for code, words in _CODES.items()},
    claiming.OPTED_OUT: STATES[State.BLOCKED],
    claiming.EXPIRED: STATES[State.EXPIRED],
    deciding.CANCELED: STATES[State.CANCELED],
    WITHDRAWN: Explanation(
        "No longer true", "It was to confirm an opt-out that has ended meanwhile, so it was not sent."
    ),
    upkeep.ABANDONED.meaning: Explanation(
        "Nobody knows", "This service stopped while it was sending it, before the answer was written down.",
        STATES[State.UNCERTAIN].next,
    ),
    # What networks say in delivery reports: AT's `failureReason`, and its `status` where it names none.
    "AbsentSubscriber": _OFF,
    "Expired": Explanation(
        "Dropped by the network", "The network dropped it: it took too long, or its filter did not let it pass.",
        "Try again later. If it happens to many, ask Africa's Talking with the id below.",
    ),
    "Rejected": _NETWORK,
    "Failed": _NETWORK,
    "DeliveryFailure": Explanation(
        "The network could not deliver it", "The network could not deliver it and gave no reason.",
        "Check the number. Try once more later, or reach this person in another way.",
    ),
    "InsufficientCredit": _CREDIT,
    "InvalidLinkId": Explanation(
        "Answer came too late", "It answers a text that the network does not know, or no longer.",
        "Answer with the link id of their latest text.",
    ),
    "UserIsInactive": _CLOSED,
    "UserInBlackList": _STOPPED,
    "UserAccountSuspended": Explanation(
        "Suspended by the network", "The network has suspended this number.", "Reach this person in another way."
    ),
    "NotNetworkSubscriber": Explanation(
        "Another network", "The number is not on the network that it was sent to.", "Try again later, or ask AT."
    ),
    "UserNotSubscribedToProduct": Explanation(
        "Not subscribed", "They are not subscribed to this product.", "They have to subscribe first."
    ),
    "UserDoesNotExist": _CLOSED,
    "UserMemoryCapacityExceeded": Explanation(
        "Phone full", "The phone has no room for more texts.", "Try again later, or call."
    ),
    "SystemError": _NETWORK,
    "UnknownError": _NETWORK,
    "RouteFailure": _ROUTE,
    "SenderIdBlacklisted": _SENDER,
}  # fmt: skip
REASONS["NotNetworkSubcriber"] = REASONS["NotNetworkSubscriber"]  # as AT's own pages spell it

_FOLDED: Final = {name.casefold(): told for name, told in REASONS.items()}

_LATE: Final = Explanation(
    "No report for unusually long", "Africa's Talking took it, and the network has said nothing for unusually long.",
    "A report may still come. If it matters, ask this person, or Africa's Talking with the id below.",
)  # fmt: skip
_VOUCHED: Final = Explanation(
    "Somebody says so",
    "Somebody looked into it and says that it was sent.",
    "A report from the network may still follow.",
)
_WRITTEN_OFF: Final = Explanation(
    "Counted as not sent", "Nobody knows for sure; it counts as not sent, as was decided or set for it.",
    "A report from the network may still prove otherwise.",
)  # fmt: skip
_AGAIN: Final = Explanation(
    "Tried again soon", "Africa's Talking did not take it at first. It is tried again by itself.", "Nothing to do."
)


_PAUSED: Final = Explanation(
    "Sending is paused", "It waits, since nothing is being sent at present.",
    "What holds sending up stands above. The text goes out afterwards, unless its time runs out first.",
)  # fmt: skip

PAUSES: Final[dict[Pause, str]] = {
    Pause.UNANSWERED: "Africa's Talking does not answer. Sending goes on by itself once it does.",
    Pause.BALANCE: "Africa's Talking says that the balance is too low. Top up; sending goes on by itself.",
    Pause.CREDENTIALS: "Africa's Talking refuses our username or API key. Whoever runs this service has to correct it.",
    Pause.OPERATOR: "Somebody has paused it, and somebody has to let it go on.",
}
"""Why nothing is being sent, and what to do."""


def of(message: Message, *, paused: bool = False) -> Explanation:
    """Why this message stands where it stands; `paused` says that nothing is being sent at present.

    What nobody has words for yet is told as it came, in `short`.
    """
    if message.state is State.DELIVERED:
        return STATES[State.DELIVERED]
    if message.state is State.SENT:
        return _LATE if message.overdue else _VOUCHED if message.assumed else STATES[State.SENT]
    if message.state is State.FAILED and message.assumed:
        return _WRITTEN_OFF
    if message.state is State.QUEUED and paused:
        return _PAUSED
    if message.state is State.QUEUED and message.tries and not known(message.reason):
        return _AGAIN
    return told(message.state, message.reason)


def known(reason: str) -> bool:
    """Whether there are words for a reason that was written down."""
    return reason.casefold() in _FOLDED


def told(state: State, reason: str) -> Explanation:
    """What a reason says of a message in this state, as far as the two can tell."""
    found = _FOLDED.get(reason.casefold())
    if found is None and state in (State.UNDELIVERED, State.FAILED) and reason:
        return replace(STATES[state], short=reason)
    return found or STATES[state]


def cause(reason: str, state: State) -> str:
    """A reason in a few words: as it came where nobody has words for it."""
    return (_FOLDED[reason.casefold()].short if known(reason) else "") or reason or STATES[state].short
