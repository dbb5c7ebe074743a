import gsm0338
import pytest
from hypothesis import given
from hypothesis import strategies as st

from ujumbe.domain import segments
from ujumbe.domain.segments import Encoding, measure

CODEC = gsm0338.Codec()
GSM = sorted(segments.BASIC | segments.EXTENSION)
TEXTS = st.text(st.sampled_from(GSM), max_size=700) | st.text(max_size=300) | st.text("aé€😀", max_size=400)


def septets(text: str) -> int | None:
    """Length by a codec that is not ours; None where GSM 03.38 cannot hold it."""
    try:
        return len(CODEC.encode(text)[0])
    except UnicodeEncodeError:
        return None


def parts(text: str) -> list[int]:
    """The units of each part, filled one character at a time: the rule, told the slow way."""
    gsm = septets(text)
    room = (160, 153) if gsm is not None else (70, 67)
    width = [septets(c) or 0 if gsm is not None else len(c.encode("utf-16-be", "surrogatepass")) // 2 for c in text]
    if sum(width) <= room[0]:
        return [sum(width)]
    filled = [0]
    for each in width:
        if filled[-1] + each > room[1]:
            filled.append(0)
        filled[-1] += each
    return filled


@pytest.mark.parametrize("plane", range(0, 0x30000, 0x4000))
def test_the_alphabet_is_gsm_03_38(plane: int) -> None:
    for code in range(plane, plane + 0x4000):
        character = chr(code)
        expected = None if character == "\x1b" else septets(character)  # ESC alone is no character
        known = 1 if character in segments.BASIC else 2 if character in segments.EXTENSION else None
        assert known == expected, f"U+{code:04X}"


@pytest.mark.parametrize(
    ("text", "encoding", "units", "count", "remaining"),
    [
        pytest.param("", Encoding.GSM7, 0, 1, 160, id="empty"),
        pytest.param("a" * 160, Encoding.GSM7, 160, 1, 0, id="160"),
        pytest.param("a" * 161, Encoding.GSM7, 161, 2, 145, id="161"),
        pytest.param("a" * 153, Encoding.GSM7, 153, 1, 7, id="153"),
        pytest.param("a" * 306, Encoding.GSM7, 306, 2, 0, id="306"),
        pytest.param("a" * 307, Encoding.GSM7, 307, 3, 152, id="307"),
        pytest.param("€" * 80, Encoding.GSM7, 160, 1, 0, id="80 of two septets"),
        pytest.param("€" * 81, Encoding.GSM7, 162, 2, 143, id="81 of two septets"),
        pytest.param("a" * 152 + "€" + "a" * 7, Encoding.GSM7, 161, 2, 144, id="an escape does not straddle"),
        pytest.param("a" * 152 + "€" + "a" * 151, Encoding.GSM7, 305, 2, 0, id="the lost septet counts"),
        pytest.param("a" * 152 + "€" + "a" * 152, Encoding.GSM7, 306, 3, 152, id="and costs a part"),
        pytest.param("ы" * 70, Encoding.UCS2, 70, 1, 0, id="70"),
        pytest.param("ы" * 71, Encoding.UCS2, 71, 2, 63, id="71"),
        pytest.param("ы" * 67, Encoding.UCS2, 67, 1, 3, id="67"),
        pytest.param("ы" * 134, Encoding.UCS2, 134, 2, 0, id="134"),
        pytest.param("ы" * 135, Encoding.UCS2, 135, 3, 66, id="135"),
        pytest.param("😀" * 35, Encoding.UCS2, 70, 1, 0, id="35 pairs"),
        pytest.param("😀" * 36, Encoding.UCS2, 72, 2, 61, id="a pair does not straddle"),
        pytest.param("€" + "ы" * 69, Encoding.UCS2, 70, 1, 0, id="in UCS-2 a euro is one unit"),
        pytest.param("a" * 69 + "\u00a0", Encoding.UCS2, 70, 1, 0, id="a no-break space halves the room"),
    ],
)
def test_lengths(text: str, encoding: Encoding, units: int, count: int, remaining: int) -> None:
    found = measure(text)
    assert (found.encoding, found.units, found.segments, found.remaining) == (encoding, units, count, remaining)


@given(TEXTS)
def test_any_text_is_measured_as_the_slow_way_does(text: str) -> None:
    text = text.replace("\x1b", "")
    expected = parts(text)
    found = measure(text)
    single = 160 if found.encoding is Encoding.GSM7 else 70
    room = single if found.units <= single else {160: 153, 70: 67}[single]
    assert (found.units, found.segments) == (sum(expected), len(expected))
    assert (found.encoding is Encoding.GSM7) == (septets(text) is not None)
    assert found.remaining == room - expected[-1]


@given(TEXTS, st.sampled_from(["a", "€", "ы", "😀"]))
def test_a_longer_text_never_costs_less(text: str, more: str) -> None:
    assert measure(text + more).segments >= measure(text).segments


@pytest.mark.parametrize(
    ("text", "marks"),
    [
        pytest.param("Hello\nAsante", [], id="nothing dear"),
        pytest.param("5 € [now]", [(2, "€", False), (4, "[", False), (8, "]", False)], id="two septets each"),
        pytest.param("a\u2019b😀", [(1, "\u2019", True), (3, "😀", True)], id="what forces UCS-2"),
        pytest.param("€ы", [(0, "€", False), (1, "ы", True)], id="both"),
    ],
)
def test_dear_characters_are_marked(text: str, marks: list[tuple[int, str, bool]]) -> None:
    assert [(each.index, each.character, each.forces_ucs2) for each in measure(text).costly] == marks


@given(TEXTS)
def test_without_its_dear_characters_a_text_is_plain(text: str) -> None:
    dear = {each.index for each in measure(text).costly}
    plain = "".join(character for index, character in enumerate(text) if index not in dear)
    assert measure(plain).costly == ()
    assert measure(plain).units == len(plain)
