"""Faults that were found in the field: each has a test that names it, and none is ever forgotten.

A test says `found D7` in its docstring when it holds the promise of that row.
"""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.processes import ROOT

# A: the two commands a newcomer gives; D: under attack, and on bad days.
ROWS = (*(f"A{number}" for number in range(1, 8)), *(f"D{number}" for number in range(1, 19)))
# B: Microsoft's side, C: callers' side. Some of them are mended.
OTHERS = (*(f"B{number}" for number in range(1, 17)), *(f"C{number}" for number in range(1, 21)))
# Where the faults are told, for those who have the page beside their checkout.
_PAGE = ROOT.parent / "shared" / "found.md"
_NAMED = re.compile(r"\b[Ff]ound ([A-D]\d+(?:(?:, | and )[A-D]\d+)*)\b")


@pytest.fixture(scope="module")
def named() -> set[str]:
    """Every row that some test names."""
    return {row for path in (ROOT / "tests").rglob("test_*.py") for row in _rows_in(path)}


@pytest.mark.parametrize("row", ROWS)
def test_each_fault_found_in_the_field_has_its_test(named: set[str], row: str) -> None:
    """What went wrong for somebody once is tried each time from then on."""
    assert row in named


def test_no_test_names_a_fault_that_nobody_has_found(named: set[str]) -> None:
    """A misspelt row would pass for one that is tested."""
    assert named <= {*ROWS, *OTHERS}


def test_the_rows_are_those_of_the_page() -> None:
    """Where the page is at hand, it has as many rows as are listed here."""
    if not _PAGE.is_file():
        return
    sections = re.split(r"^## ", _PAGE.read_text(), flags=re.MULTILINE)
    told = {
        f"{section[0]}{number}"
        for section in sections
        if section[:3] in {"A. ", "B. ", "C. ", "D. "}
        for number in re.findall(r"^(\d+)\. ", section, re.MULTILINE)
    }
    assert told == {*ROWS, *OTHERS}


def _rows_in(path: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and node.name.startswith("test_"):
            for rows in _NAMED.findall(" ".join((ast.get_docstring(node) or "").split())):
                yield from re.findall(r"[A-D]\d+", rows)
