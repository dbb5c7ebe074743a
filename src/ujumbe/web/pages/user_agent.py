"""What a browser calls itself, in words: `Firefox on Android`."""

from typing import Final

BROWSERS: Final = (
    ("Edg", "Edge"), ("OPR", "Opera"), ("SamsungBrowser", "Samsung Internet"), ("Firefox", "Firefox"),
    ("FxiOS", "Firefox"), ("CriOS", "Chrome"), ("Chrome", "Chrome"), ("Safari", "Safari"),
)  # fmt: skip
"""In this order: most of them say `Safari` too, and many say `Chrome`."""
SYSTEMS: Final = (
    ("iPhone", "iPhone"), ("iPad", "iPad"), ("Android", "Android"), ("Windows", "Windows"), ("CrOS", "ChromeOS"),
    ("Mac OS X", "Mac"), ("Linux", "Linux"),
)  # fmt: skip
"""In this order: Android says `Linux`, and an iPhone says `Mac OS X`."""


def browser(agent: str) -> str:
    """The browser and its system; where none is known, the first word of what it calls itself."""
    name = next((each for mark, each in BROWSERS if f"{mark}/" in agent or f"{mark}A/" in agent), "")
    system = next((each for mark, each in SYSTEMS if mark in agent), "")
    if not name:
        return agent.split(maxsplit=1)[0] if agent.strip() else "Unknown browser"
    return f"{name} on {system}" if system else name
