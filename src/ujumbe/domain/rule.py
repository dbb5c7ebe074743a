"""Reply rules: which incoming texts one is about, and what is done about them."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Final

from ujumbe.domain import keywords, sender, text
from ujumbe.domain.errors import InvalidInputError
from ujumbe.domain.keywords import Wish

LONGEST_NAME: Final = 60
MOST_KEYWORDS: Final = 50


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

    def about(self, heard: str, to: str) -> bool:
        """Whether a text that came to the short code `to` is one of this rule's."""
        if self.short_code and self.short_code != to:
            return False
        said = keywords.words(heard)
        find = keywords.contains if self.anywhere else keywords.begins
        return not self.keywords or any(find(said, keywords.words(each)) for each in self.keywords)


def check(rule: Rule) -> Rule:
    """`rule`, tidied, if it can be kept. Raises `InvalidInputError` naming the field that is wrong."""
    tidy = replace(
        rule,
        name=rule.name.strip(),
        keywords=tuple(dict.fromkeys(each.strip() for each in rule.keywords)),
        short_code=sender.check(rule.short_code, field="short_code"),
        product=rule.product.strip(),
    )
    if not tidy.name or len(tidy.name) > LONGEST_NAME or not tidy.name.isprintable():
        raise InvalidInputError("name", f"a name has 1 to {LONGEST_NAME} characters")
    if len(tidy.keywords) > MOST_KEYWORDS:
        raise InvalidInputError("keywords", f"a rule has at most {MOST_KEYWORDS} keywords")
    for each in tidy.keywords:
        if not keywords.words(each) or len(each) > LONGEST_NAME:
            raise InvalidInputError(
                "keywords", f"a keyword is one or more words of letters or digits: not {each[:20]!r}"
            )
        asked = keywords.wish(each)
        if asked is not None and asked[0] is not Wish.HELP:
            raise InvalidInputError("keywords", f"{each[:20]!r} asks to {asked[0]}: that comes before every rule")
    if tidy.template.strip():
        text.check(tidy.template, field="template")
    elif tidy.action is Action.REPLY:
        raise InvalidInputError("template", "a rule that replies needs a template")
    if tidy.action is Action.OPT_OUT and not tidy.keywords:
        raise InvalidInputError("keywords", "a rule that opts out needs a keyword: it would be about every text")
    if tidy.action is Action.SUBSCRIBE and not tidy.product:
        raise InvalidInputError("product", "a rule that subscribes needs the keyword of a premium product")
    return tidy


def first(rules: Iterable[Rule], heard: str, to: str) -> Rule | None:
    """The first rule that is about this text."""
    return next((each for each in rules if each.about(heard, to)), None)
