"""The documentation says what the code does, and its links lead somewhere."""

import importlib.util
import re
from pathlib import Path
from types import ModuleType

import pytest

from ujumbe.settings import Settings, alias_of

ROOT = Path(__file__).parent.parent
PAGES = sorted([ROOT / "README.md", *ROOT.glob("docs/**/*.md")])


def _reference() -> ModuleType:
    spec = importlib.util.spec_from_file_location("reference", ROOT / "scripts" / "reference.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


REFERENCE = _reference()


@pytest.mark.parametrize("name", REFERENCE.PAGES)
def test_the_reference_is_what_the_code_says(name: str) -> None:
    stored = (ROOT / "docs" / "reference" / f"{name}.md").read_text(encoding="utf-8")
    assert stored == REFERENCE.NOTE + REFERENCE.PAGES[name](), "run `make docs`"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#\s]+)", page.read_text(encoding="utf-8"))
    missing = [each for each in targets if "://" not in each and not (page.parent / each).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_setting_that_is_named_exists(page: Path) -> None:
    known = {alias_of(name) for name in Settings.model_fields}
    named = set(re.findall(r"\b(?:UJUMBE|AT)_[A-Z_]+[A-Z]\b", page.read_text(encoding="utf-8")))
    assert {name.removesuffix("_FILE") for name in named} <= known


def test_every_dependency_is_accounted_for() -> None:
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8")
    page = (ROOT / "docs" / "dependencies.md").read_text(encoding="utf-8")
    block = project.split("dependencies = [", 1)[1].split("]", 1)[0] + project.split("dev = [", 1)[1].split("]", 1)[0]
    for name in re.findall(r'"([a-z0-9-]+)', block):
        assert f"`{name}`" in page, f"{name} has no line in docs/dependencies.md"


def test_requirements_name_no_index() -> None:
    for file in ROOT.glob("requirements*.txt"):
        assert not re.search(r"https?://|--(extra-)?index|--find-links", file.read_text(encoding="utf-8")), file.name
