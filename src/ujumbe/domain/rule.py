"""Reply rules: which incoming texts one is about, and what is done about them."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from ujumbe.domain import keywords


class Action(StrEnum):
    """What a rule does."""

    REPLY = "reply"
    FORWARD = "forward"
    """Nothing by itself: the user's application hears of it, as of every text."""
    SUBSCRIBE = "subscribe"
    OPT_OUT = "opt_out"
    NOTHING = "nothing"


MEANING = {
    Action.REPLY: "answers with the rule's template",
    Action.FORWARD: "leaves the answer to your application, which gets `message.received`",
    Action.SUBSCRIBE: "asks Africa's Talking to subscribe the sender to the rule's product",
    Action.OPT_OUT: "opts the sender out of all senders",
    Action.NOTHING: "keeps the text, and nothing else",
}


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule. Without keywords it is about every text, without a short code about texts to any."""

    name: str
    action: Action
    keywords: tuple[str, ...] = ()
    anywhere: bool = False
    """Whether a keyword may stand anywhere in the text, and not only at its beginning."""
    short_code: str = ""
    template: str = ""
    """What is answered, with `{text}`, `{from}`, `{to}` and the fields of the contact filled in."""
    product: str = ""
    """The keyword of the premium product that `subscribe` is about."""

    def about(self, text: str, to: str) -> bool:
        """Whether a text that came to the short code `to` is one of this rule's."""
        if self.short_code and self.short_code != to:
            return False
        said = keywords.words(text)
        find = keywords.contains if self.anywhere else keywords.begins
        return not self.keywords or any(find(said, keywords.words(each)) for each in self.keywords)


def first(rules: Iterable[Rule], text: str, to: str) -> Rule | None:
    """The first rule that is about this text."""
    return next((each for each in rules if each.about(text, to)), None)
