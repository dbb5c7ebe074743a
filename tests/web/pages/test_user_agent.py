import pytest

from ujumbe.web.pages.user_agent import browser

CHROME = "(KHTML, like Gecko) Chrome/120.0.0.0"


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {CHROME} Safari/537.36", "Chrome on Linux"),
        (f"Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 {CHROME} Mobile Safari/537.36", "Chrome on Android"),
        (f"Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 {CHROME} Safari/537.36 Edg/120.0", "Edge on Windows"),
        (f"Mozilla/5.0 (Linux; Android 10) AppleWebKit/537.36 {CHROME} Safari/537.36 EdgA/120.0", "Edge on Android"),
        ("Mozilla/5.0 (Android 14; Mobile; rv:120.0) Gecko/120.0 Firefox/120.0", "Firefox on Android"),
        ("Mozilla/5.0 (iPhone; CPU iPhone OS 17_1 like Mac OS X) Version/17.1 Mobile Safari/604.1", "Safari on iPhone"),
        ("python-httpx/0.28", "python-httpx/0.28"),
        ("", "Unknown browser"),
        ("  ", "Unknown browser"),
    ],
)
def test_what_it_is(agent: str, words: str) -> None:
    assert browser(agent) == words
