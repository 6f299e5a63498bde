"""The pages under docs/ say what the code does."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from rft.errors import install_hint
from rft.local.plan import Extras
from rft.thresholds import Exam, Ready, Section

ENGINE = Path(__file__).parents[1]
DOCS = ENGINE / "docs"
TABLES: list[tuple[str, type[Section]]] = [("[ready]", Ready), ("[judge.exam]", Exam)]


def table_rows(page: str, heading: str) -> dict[str, list[str]]:
    """The rows of the tables under a heading: name in the first column -> the other cells."""
    section = (DOCS / page).read_text(encoding="utf-8").partition(f"\n## {heading}\n")[2]
    lines = section.partition("\n## ")[0].splitlines()
    cells = [line.strip("|").split("|") for line in lines if line.startswith("| `")]
    return {name.strip(" `"): [cell.strip() for cell in rest] for name, *rest in cells}


def as_documented(default: object) -> list[str]:
    """The cells that state a default: go and no-go of a pair, else one."""
    if isinstance(default, tuple):
        go, no_go = default
        more, less = (">=", "<") if go >= no_go else ("<=", ">")
        return [f"{more} {go:.2f}", f"{less} {no_go:.2f}"]
    return ["none" if default in (None, {}) else str(default)]


@pytest.mark.parametrize(("heading", "section"), TABLES)
def test_every_threshold_and_its_default_are_in_the_table_and_no_other(
    heading: str, section: type[Section]
) -> None:
    wanted = {
        name: as_documented(field.get_default(call_default_factory=True))
        for name, field in section.model_fields.items()
    }
    documented = table_rows("thresholds.md", heading)
    defaults = {name: cells[: len(wanted.get(name, []))] for name, cells in documented.items()}
    assert defaults == wanted


@pytest.mark.parametrize(("heading", "section"), TABLES)
def test_every_threshold_has_a_meaning_and_a_source(heading: str, section: type[Section]) -> None:
    for name, cells in table_rows("thresholds.md", heading).items():
        pair = isinstance(section.model_fields[name].default, tuple)
        assert len(cells) == (4 if pair else 2), name
        assert all(cells), name


def test_every_setting_that_rft_serve_adds_is_documented() -> None:
    page = (DOCS / "local.md").read_text(encoding="utf-8")
    assert [f.alias for f in Extras.model_fields.values() if str(f.alias) not in page] == []


def test_the_readme_links_every_page() -> None:
    links = re.findall(r"\]\((docs/[^)#]+)\)", (ENGINE / "README.md").read_text(encoding="utf-8"))
    assert sorted(links) == sorted(f"docs/{page.name}" for page in DOCS.glob("*.md"))


def test_there_is_one_way_to_install_an_extra() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in DOCS.glob("*.md"))
    command = install_hint("NAME").removeprefix("run `").partition("NAME")[0]
    assert pages.count(command) == pages.count("-e '.[") > 2
