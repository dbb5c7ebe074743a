"""The documentation's tables are the code's."""

from __future__ import annotations

from pathlib import Path

import pytest

from ujumbe.simulator import faults, magic
from ujumbe.simulator.app import AT, PEOPLE, PHONE

DOCS = (Path(__file__).parents[2] / "docs" / "simulator.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("table", [faults.as_markdown(), magic.as_markdown()], ids=["knobs", "magic numbers"])
def test_a_table_is_the_codes(table: str) -> None:
    assert table in DOCS


def test_every_path_is_there() -> None:
    paths = [*AT, *PEOPLE, *(f"/phones/{{number}}/{name}" for name in PHONE), "/events"]
    assert [path for path in paths if f"`{path}" not in DOCS and f" {path}" not in DOCS] == []
