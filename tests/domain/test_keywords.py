import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import keywords
from ujumbe.domain.keywords import Wish
from ujumbe.domain.rule import Action, Rule, first

STOP, START, HELP, DOUBT = Wish.STOP, Wish.START, Wish.HELP, Wish.DOUBT


@pytest.mark.parametrize(
    ("text", "wish", "word"),
    [
        ("STOP", STOP, "stop"),
        (" stop. ", STOP, "stop"),
        ("Stop!!! I mean it", STOP, "stop"),
        ("STOP ALL", STOP, "stop all"),
        ("StopAll", STOP, "stopall"),
        ("opt-out", STOP, "opt out"),
        ("OPT OUT please", STOP, "opt out"),
        ("\u201cSTOP\u201d", STOP, "stop"),
        ("ＳＴＯＰ", STOP, "stop"),
        ("Arrêt", STOP, "arret"),
        ("ARRÊTEZ svp", STOP, "arretez"),
        ("Acha", STOP, "acha"),
        ("sair", STOP, "sair"),
        ("START", START, "start"),
        ("unstop", START, "unstop"),
        ("Anza", START, "anza"),
        ("S.T.O.P", STOP, "stop"),
        ("s t o p please", STOP, "stop"),
        ("Stoppppp", STOP, "stop"),
        ("Start by not texting me, stop", DOUBT, "stop"),
        ("Opt in? No, never text me again", DOUBT, "never text"),
        ("Please cancel", DOUBT, "please cancel"),
        ("Take me off your list", DOUBT, "off your list"),
        ("I do not want these messages", DOUBT, "not want these"),
        ("je ne veux plus recevoir", DOUBT, "veux plus"),
        ("Help", HELP, "help"),
        ("msaada?", HELP, "msaada"),
        ("please stop sending this", DOUBT, "stop"),
        ("Don\u2019t text me", DOUBT, "dont text"),
        ("naomba usitume tena", DOUBT, "usitume"),
        ("Não envie mais nada", DOUBT, "nao envie"),
    ],
)
def test_what_people_want(text: str, wish: Wish, word: str) -> None:
    assert keywords.wish(text) == (wish, word)


@pytest.mark.parametrize(
    "text",
    [
        "", "   ", "YES", "Habari", "stopwatch", "the bus stops here", "Help me with my order", "info on the clinic",
        "12345", "💊", "nonstop", "restart", "Start time on Monday?", "Start at 9 or 10?", "Voltar amanha as 9h",
        "Anza kesho", "Reprendre le travail lundi", "see all", "I m here",
    ],
)  # fmt: skip
def test_ordinary_texts(text: str) -> None:
    assert keywords.wish(text) is None


@given(st.text())
def test_any_text_has_words(text: str) -> None:
    said = keywords.words(text)
    assert all(said)
    assert keywords.words(" ".join(said)) == said
    keywords.wish(text)


@given(
    st.sampled_from(["stop", "unsubscribe", "arrêt", "acha"]), st.sampled_from(["", ".", "!", " please", ", asante"])
)
def test_case_does_not_matter(word: str, end: str) -> None:
    assert {(keywords.wish(each + end) or [None])[0] for each in (word, word.upper(), word.title())} == {STOP}


BAL = Rule("balance", Action.REPLY, ("BAL", "salio langu"), template="0")
ANY = Rule("code", Action.NOTHING, short_code="54321")
SOMEWHERE = Rule("fees", Action.FORWARD, ("karo",), anywhere=True)
RULES = [BAL, ANY, SOMEWHERE]


@pytest.mark.parametrize(
    ("text", "to", "found"),
    [
        ("bal", "12345", BAL),
        ("Bal. 2026", "12345", BAL),
        ("SALIO  LANGU", "12345", BAL),
        ("salio", "12345", None),
        ("balance", "12345", None),
        ("my bal", "12345", None),
        ("BAL", "54321", BAL),
        ("anything", "54321", ANY),
        ("nataka kulipa káro", "12345", SOMEWHERE),
        ("karoti", "12345", None),
        ("", "12345", None),
    ],
)
def test_the_first_rule_wins(text: str, to: str, found: Rule | None) -> None:
    assert first(RULES, text, to) is found


@pytest.mark.parametrize("asked", [Wish.STOP, Wish.START, Wish.HELP])
def test_every_word_that_is_shown_means_what_it_stands_under(asked: Wish) -> None:
    shown = keywords.phrases(asked)
    assert shown == sorted(set(shown))
    assert {wish for wish, _ in filter(None, map(keywords.wish, shown))} == {asked}
    assert all(map(keywords.wish, shown))
