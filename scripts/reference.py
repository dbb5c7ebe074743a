"""Writes docs/reference/ from the code, so that it cannot drift: `make docs`. `tests/test_docs.py` compares."""

from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from typing import Any

import typer.main
from prometheus_client.metrics import MetricWrapperBase
from pydantic import SecretStr

from ujumbe.africastalking.callbacks import Kind
from ujumbe.africastalking.errors import Taken
from ujumbe.cli import app as cli
from ujumbe.domain.event import MEANING as EVENT_MEANING
from ujumbe.domain.event import Type
from ujumbe.domain.message import FINAL, MEANING, REPORTS, TRANSITIONS, State
from ujumbe.domain.outcome import OUTCOMES, Verdict
from ujumbe.domain.pause import Pause
from ujumbe.domain.webhook import DELIVERY_MEANING
from ujumbe.domain.webhook import Outcome as WebhookOutcome
from ujumbe.flows import telling
from ujumbe.metrics import Metrics
from ujumbe.settings import Settings, alias_of
from ujumbe.store.batches import Source
from ujumbe.web.problems import TITLES

FOLDER = Path(__file__).parent.parent / "docs" / "reference"
NOTE = "<!-- Made by `make docs` from the code; edit that instead. -->\n\n"


def table(headings: Iterable[str], rows: Iterable[Iterable[object]]) -> str:
    lines = [list(headings), *[[str(cell).replace("|", "\\|") for cell in row] for row in rows]]
    lines.insert(1, ["---"] * len(lines[0]))
    return "".join(f"| {' | '.join(line)} |\n" for line in lines)


def settings() -> str:
    rows = []
    for name, field in Settings.model_fields.items():
        default = field.default
        if isinstance(default, SecretStr):
            default = default.get_secret_value()
        shown = f"`{default}`" if default not in ("", (), {}) else "none"
        rows.append((f"`{alias_of(name)}`", shown, field.description))
    return (
        "# Settings\n\nFrom the environment, or from a `.env` file in the folder where the command starts. Each may "
        "also come from a file: set `NAME_FILE` to its path (for container secrets). What is wrong or missing is "
        "named at start, all of it at once. `ujumbe dev` ignores `AT_USERNAME`, `AT_API_KEY` and `AT_API_URL`.\n\n"
        + table(("Setting", "Default", "What it does"), rows)
    )


def states() -> str:
    arrows = [
        f"    {state} --> {to}: {event.value}"
        for state, ways in TRANSITIONS.items()
        for event, to in ways.items()
        if state is not to
    ]
    return (
        "# States of a message\n\n"
        + table(("State", "Final", "Meaning"), [(f"`{s}`", "yes" if s in FINAL else "", MEANING[s]) for s in State])
        + "\nA final state that evidence gave is never left. One that was only assumed (`assumed` is true) gives way "
        "to evidence.\n\n## Ways from one to the next\n\n```mermaid\nstateDiagram-v2\n"
        + "\n".join(arrows)
        + "\n```\n\n## Statuses in delivery reports\n\nCompared without case; one that is not listed is kept and "
        "changes nothing.\n\n"
        + table(("AT's status", "What it says"), [(f"`{word}`", event.value) for word, event in REPORTS.items()])
    )


def outcomes() -> str:
    rows = [
        (code, f"`{each.name}`", each.verdict.value.replace("_", " "), each.meaning, each.actor)
        for code, each in OUTCOMES.items()
    ]
    return (
        "# Africa's Talking's status codes\n\nWhat each recipient's `statusCode` means for us. *not taken* is tried "
        "again by itself; *uncertain* never is. A 500, 501 or 502 that carries a message id, and a code that is not "
        "listed, are uncertain.\n\n" + table(("Code", "Name", "Verdict", "Meaning", "Who must act"), rows)
    )


def problems() -> str:
    rows = [(f"`urn:ujumbe:problem:{name}`", status, title) for name, (status, title) in TITLES.items()]
    return (
        "# Problems\n\nErrors are [RFC 9457](https://www.rfc-editor.org/rfc/rfc9457) problem details with a stable "
        "`type`. `errors` lists the fields that are wrong, each with what would be right.\n\n"
        + table(("`type`", "Status", "Title"), rows)
    )


def metrics() -> str:
    every = Metrics()
    counted = {each.name for each in every.registry.collect()}
    rows = []
    for each in vars(every).values():
        if isinstance(each, MetricWrapperBase):
            [family] = each.describe()
            name = family.name + ("_total" if family.type == "counter" else "")
            labels = ", ".join(f"`{label}`" for label in each._labelnames)  # noqa: SLF001 - no public way tells them
            about = "this process" if family.name in counted else "the outbox"
            rows.append((f"`{name}`", family.type, labels, about, family.documentation))
    pauses = ", ".join(f"`{each}`" for each in Pause if each)
    return (
        "# Metrics\n\nAt `GET /metrics` of a service (from beyond a proxy with an API key that may `read`), and of a "
        "worker at the port in `UJUMBE_METRICS_PORT`. Each process counts what it did itself: add them up. How the "
        "outbox stands is asked of the database at each scrape: every service tells the same, and a worker tells "
        "nothing of it.\n\n"
        + table(("Metric", "Type", "Labels", "About", "What it tells"), rows)
        + f"\n`outcome` of a message is {_words(Verdict)}; of a webhook {_words(WebhookOutcome)}. `taken` is "
        f"{_words(Taken)}. `kind` of a callback is {_words(Kind)}; of a pause {pauses}. `source` is {_words(Source)}.\n"
    )


def events() -> str:
    groups: dict[int, list[Type]] = {}
    for each in Type:
        groups.setdefault(id(telling.SCHEMA[each]), []).append(each)
    schemas = [
        f"\n## {_words(types)}\n\n" + table(("Field of `data`", "What it says"), _fields(telling.SCHEMA[types[0]]))
        for types in groups.values()
    ]
    return (
        "# Events\n\n`GET /v1/events`, webhooks and `ujumbe listen` tell them alike ([how](../events.md)).\n\n"
        + table(("Type", "Meaning"), [(f"`{each}`", EVENT_MEANING[each]) for each in Type])
        + "\n## Every event\n\n"
        + table(("Field", "What it says"), _fields(telling.ENVELOPE))
        + "".join(schemas)
        + '\nOf what was deleted or erased, `data` is `{"id": …}` alone.\n\n## States of a delivery\n\n'
        + table(("State", "Meaning"), [(f"`{each}`", meaning) for each, meaning in DELIVERY_MEANING.items()])
    )


def _fields(schema: Mapping[str, str]) -> list[tuple[str, str]]:
    return [(f"`{name}`", meaning) for name, meaning in schema.items()]


def _words(words: Iterable[str]) -> str:
    return ", ".join(f"`{each}`" for each in words)


def commands() -> str:
    return "# Commands\n\nEvery command takes `--help`.\n" + "".join(_command(["ujumbe"], typer.main.get_command(cli)))


def _command(path: list[str], command: Any) -> list[str]:
    if hasattr(command, "commands"):
        return [part for name, inner in command.commands.items() for part in _command([*path, name], inner)]
    parameters = [each for each in command.params if each.name != "help"]
    rows = []
    for each in parameters:
        name = getattr(each, "metavar", None) or ", ".join(each.opts)
        rows.append((f"`{name}`", " ".join((getattr(each, "help", None) or "").split())))
    text = "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n"))
    options = f"\n{table(('Option', ''), rows)}" if rows else ""
    return [f"\n## `{' '.join(path)}`\n\n{text}\n{options}"]


PAGES: dict[str, Callable[[], str]] = {
    "settings": settings,
    "states": states,
    "status-codes": outcomes,
    "problems": problems,
    "commands": commands,
    "metrics": metrics,
    "events": events,
}


def main() -> None:
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name, page in PAGES.items():
        (FOLDER / f"{name}.md").write_text(NOTE + page(), encoding="utf-8")


if __name__ == "__main__":
    main()
