import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain.replies import Round, loop_reason, render


@pytest.mark.parametrize(
    ("template", "values", "text"),
    [
        pytest.param(
            'This is a response to: "{text}"', {"text": "Hi"}, 'This is a response to: "Hi"', id="the default"
        ),
        pytest.param("{text} {text}", {"text": "a"}, "a a", id="twice"),
        pytest.param("{text}", {"text": "{from}", "from": "secret"}, "{from}", id="a value is not a template"),
        pytest.param("{{text}}", {"text": "a"}, "{a}", id="nested braces"),
        pytest.param("{{{text}}}", {"text": "}{"}, "{{}{}}", id="braces in braces"),
        pytest.param("{te{text}xt}", {"text": "x"}, "{texxt}", id="made up of parts"),
        pytest.param("{name}, {", {"text": "a"}, "{name}, {", id="unknown names stay"),
        pytest.param(
            "{text!r} {0} {} {text.x} {TEXT}", {"text": "a"}, "{text!r} {0} {} {text.x} {TEXT}", id="no format"
        ),
        pytest.param(r"\1 \g<0> {text}", {"text": r"\1"}, r"\1 \g<0> \1", id="backslashes"),
        pytest.param("", {"text": "a"}, "", id="empty"),
    ],
)
def test_templates(template: str, values: dict[str, str], text: str) -> None:
    assert render(template, values) == text


@given(st.text(), st.text())
def test_any_text_can_be_quoted(before: str, text: str) -> None:
    plain = before.replace("{", "(")
    assert render(plain + "{text}", {"text": text}) == plain + text


def echoes(count: int, heard: str = "Hello", age: float = 3_000) -> list[Round]:
    return [Round(heard, f'This is a response to: "{heard}"', age) for _ in range(count)]


@pytest.mark.parametrize(
    ("text", "rounds", "guarded"),
    [
        pytest.param("Hello", [], False, id="first"),
        pytest.param("Hello", echoes(2), False, id="a person may repeat twice"),
        pytest.param("Hello", echoes(3), True, id="the same words again"),
        pytest.param(" HELLO ", echoes(3), True, id="the same but for case and spaces"),
        pytest.param('You said: this is a RESPONSE to: "hello"', echoes(3), True, id="our words quoted back"),
        pytest.param("Something else", echoes(3), False, id="something new"),
        pytest.param("Something else", echoes(20), False, id="a long talk within the hour"),
        pytest.param("new", echoes(9, age=0), False, id="nine in ten minutes"),
        pytest.param("new", echoes(10, age=0), True, id="ten in ten minutes"),
        pytest.param("new", echoes(10, age=600), False, id="ten, but not in ten minutes"),
    ],
)
def test_the_loop_guard(text: str, rounds: list[Round], *, guarded: bool) -> None:
    assert (loop_reason(text, rounds) is not None) is guarded


@pytest.mark.parametrize("theirs", ["Auto-reply: {}", "{}", "Thank you! We got your message."])
def test_two_machines_stop(theirs: str) -> None:
    heard, rounds = "Hello", list[Round]()
    while loop_reason(heard, rounds) is None:
        answer = render('This is a response to: "{text}"', {"text": heard})
        rounds.insert(0, Round(heard, answer, 0.0))
        heard = theirs.format(answer)
        assert len(rounds) <= 10
    assert len(rounds) == 3
