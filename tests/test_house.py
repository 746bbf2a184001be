"""The house: what import-linter cannot see."""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from pathlib import Path

import pybackup

PACKAGE = Path(pybackup.__file__).parent
MODULES = sorted(path for path in PACKAGE.rglob("*.py") if "standalone" not in path.parts)
# What the catalogue files of a medium has the names that people use, and is never at hand together with the others.
TWICE = {"Health", "Medium"}


def test_no_two_public_classes_have_one_name() -> None:
    places: dict[str, list[str]] = defaultdict(list)
    for path in MODULES:
        for node in ast.walk(ast.parse(path.read_bytes())):
            if isinstance(node, ast.ClassDef) and not node.name.startswith("_"):
                places[node.name].append(str(path.relative_to(PACKAGE)))
    assert {name: found for name, found in places.items() if len(found) > 1 and name not in TWICE} == {}


def test_the_grain_of_discs_is_said_once() -> None:
    said = [
        str(path.relative_to(PACKAGE))
        for path in MODULES
        for node in ast.walk(ast.parse(path.read_bytes()))
        if isinstance(node, (ast.Assign, ast.AnnAssign))
        and isinstance(node.value, ast.Constant)
        and node.value.value in (2048, b"7z\xbc\xaf\x27\x1c")
    ]
    assert sorted(said) == ["layout/sevenzip.py", "sector.py"]


def test_what_the_map_names_is_there() -> None:
    """The table "Where to look" of DESIGN.md; its sections of FORMAT.md, too."""
    design = (PACKAGE / "docs/DESIGN.md").read_text()
    table = design.partition("## Where to look")[2].partition("\n## ")[0]
    named = re.findall(r"`([\w/]+\.(?:py|md))`", table)
    assert len(named) > 40
    top = PACKAGE.parent
    assert [name for name in named if not (PACKAGE / name).is_file() and not (top / name).is_file()] == []
    sections = {
        number for numbers in re.findall(r"FORMAT ([\d., to]+)", table) for number in re.findall(r"[\d.]+", numbers)
    }
    headings = set(re.findall(r"^##+ ([\d.]+) ", (PACKAGE / "docs/FORMAT.md").read_text(), re.MULTILINE))
    assert sections
    assert sections <= headings
