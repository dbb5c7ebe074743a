"""What an incoming text asks for by its words: to stop, to start again, for help. Compared as people type."""

import re
import tomllib
import unicodedata
from collections.abc import Iterable, Sequence
from enum import StrEnum
from importlib.resources import files
from itertools import groupby
from typing import Final

Words = tuple[str, ...]

_SEPARATORS: Final = re.compile(r"[^\w]+|_+")
_APOSTROPHES: Final = re.compile("['’`´]")
_REPEATED: Final = re.compile(r"(\w)\1+$")
LONGEST_LOOK: Final = 1_600
"""Characters of a text that are looked at: as long as the longest that we send."""


class Wish(StrEnum):
    """What somebody wants of us."""

    STOP = "stop"
    START = "start"
    HELP = "help"
    DOUBT = "doubt"
    """They may want to stop: a person decides."""


def words(text: str) -> Words:
    """The words of `text` as they are compared: without case, accents, apostrophes and punctuation.

    `Arrêt!` and `ARRET` are one word, and so are `don't` and `DONT`.
    """
    # Taken apart before and after the case is folded: `𝐀` is a letter with a case only then, and `ß` is two letters.
    apart = unicodedata.normalize("NFKD", _APOSTROPHES.sub("", text[:LONGEST_LOOK]))
    folded = unicodedata.normalize("NFKD", apart.casefold())
    plain = "".join(each for each in folded if not unicodedata.combining(each))
    return tuple(each for each in _SEPARATORS.split(plain) if each)


def begins(said: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether what was said begins with a phrase of whole words."""
    return bool(phrase) and tuple(said[: len(phrase)]) == tuple(phrase)


def contains(said: Sequence[str], phrase: Sequence[str]) -> bool:
    """Whether a phrase of whole words stands anywhere in what was said."""
    return any(begins(said[start:], phrase) for start in range(len(said) - len(phrase) + 1))


def wish(text: str) -> tuple[Wish, str] | None:
    """What somebody asks for, and the word that says so; None where it is an ordinary text.

    A stop word counts as the whole message or as its first word (CTIA; 47 CFR 64.1200(a)(10) asks for any reasonable
    wording): who is in doubt is not texted. START and HELP count as the whole message only: many an ordinary text
    begins with one of them. Also where it is spelled `S.T.O.P` or `stopppp`.
    """
    said = words(text)
    for spelled in dict.fromkeys((said, _joined(said), _shortened(said))):
        for phrase in _PHRASES[Wish.STOP]:
            if begins(spelled, phrase):
                return Wish.STOP, " ".join(phrase)
    for each in (Wish.START, Wish.HELP):
        if said in _PHRASES[each]:
            return each, " ".join(said)
    for phrase in _PHRASES[Wish.DOUBT]:
        if contains(said, phrase):
            return Wish.DOUBT, " ".join(phrase)
    return None


def phrases(asked: Wish) -> list[str]:
    """The words that ask for something, in capitals and in order, as people may read them."""
    return sorted(" ".join(each).upper() for each in _PHRASES[asked])


def _joined(said: Words) -> Words:
    """Words with their single letters run together: `s t o p` is `stop`."""
    runs = groupby(said, key=lambda each: len(each) == 1)
    return tuple(each for single, run in runs for each in (["".join(run)] if single else run))


def _shortened(said: Words) -> Words:
    """Words without repetitions at their end: `stopppp` is `stop`."""
    return tuple(_REPEATED.sub(r"\1", each) for each in said)


def _read() -> dict[Wish, list[Words]]:
    languages = tomllib.loads(files(__package__).joinpath("stop_words.toml").read_text(encoding="utf-8")).values()
    return {each: _longest_first(phrase for one in languages for phrase in one[each]) for each in Wish}


def _longest_first(phrases: Iterable[str]) -> list[Words]:
    """So that the word that is told is the whole of it: `stop all`, not `stop`."""
    return sorted({words(each) for each in phrases}, key=lambda each: (-len(each), each))


_PHRASES: Final = _read()
