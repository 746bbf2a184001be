"""The tables of bytes: those in the modules say what the Structs say, those in FORMAT.md what the modules say."""

from __future__ import annotations

import importlib
import re
import struct

import pytest

from pybackup.layout import bundle, columns, guard, index, note, recovery, stamp, ustar
from pybackup.layout.readme import README
from pybackup.model.entry import Kind
from pybackup.model.member import Method

from .values import DOCUMENT, tables

STRUCTS = {
    "ustar": ustar.HEADER,
    "note": note.NOTE,
    "bundle": bundle.HEAD,
    "stamp": stamp.STAMP,
    "index": index.HEAD,
    "guard": guard.HEAD,
    "recovery": recovery.HEAD,
}
MODULES = [*STRUCTS, "acl", "columns", "table", "sparse", "pax", "names"]
_TYPES = {"u8": "B", "u16": "H", "u32": "I", "u64": "Q", "i64": "q"}


def docstring(module: str) -> list[list[str]]:
    """The rows of the one table in a module's docstring, without its head."""
    text = importlib.import_module(f"pybackup.layout.{module}").__doc__ or ""
    (table,) = tables(text)
    return table[1:]


def plain(row: list[str]) -> list[str]:
    return [cell.replace("`", "") for cell in row]


@pytest.mark.parametrize("module", STRUCTS)
def test_table_of_a_module_is_its_struct(module: str) -> None:
    rows = docstring(module)
    layout = STRUCTS[module]
    codes = re.findall(r"(\d*)([a-zA-Z])", layout.format)
    fields = [code for count, code in codes for _ in range(int(count or 1) if code != "s" else 1)]
    sizes = [
        int(count or 1) if code == "s" else struct.calcsize(f"<{code}")
        for count, code in codes
        for _ in range(int(count or 1) if code != "s" else 1)
    ]
    assert len(rows) == len(fields)
    offset = 0
    for (said_offset, said_size, said_type, *_), code, size in zip(rows, fields, sizes, strict=True):
        assert (int(said_offset), int(said_size)) == (offset, size)
        assert code == _TYPES.get(said_type, "s")
        offset += size
    assert offset == layout.size


def test_entry_of_an_acl_is_its_struct() -> None:
    rows = docstring("acl")
    assert [(int(row[0]), int(row[1])) for row in rows] == [(0, 4), (4, 2), (6, 2), (8, 4)]
    assert [row[2] for row in rows] == ["u32", "u16", "u16", "u32"]


def test_head_of_a_column_is_its_struct() -> None:
    rows = docstring("columns")
    assert [row[:3] for row in rows[:2]] == [["0", "1", "u8"], ["1", "8", "i64"]]
    assert rows[2][0] == str(columns.HEAD.size)


@pytest.mark.parametrize("module", MODULES)
def test_document_has_the_table_of_each_module(module: str) -> None:
    expected = [plain(row) for row in docstring(module)]
    found = [[plain(row) for row in table[1:]] for table in tables(DOCUMENT.read_text("utf-8"))]
    assert expected in found


def test_document_numbers_methods_and_kinds_as_the_model_does() -> None:
    text = DOCUMENT.read_text("utf-8")
    (methods,) = [table for table in tables(text) if table[0][0] == "method"]
    assert [int(row[0]) for row in methods[1:]] == list(Method)
    words = [row[1].replace("BCJ ", "").replace(" Thumb", "T").replace(", ", "_").upper() for row in methods[1:]]
    names = [method.name.replace("PPC", "POWERPC") for method in Method]
    assert words == names
    kinds = re.search(r"\| kind +\| n +\| ([^|]*?) +\|", text)
    assert kinds
    assert len(re.findall(r"\d \w+", kinds[1])) == len(Kind)


def test_document_has_the_script_of_the_readme() -> None:
    script = [line for line in README.decode().splitlines() if line.startswith("    ")]
    text = DOCUMENT.read_text("utf-8").splitlines()
    assert script
    assert [line for line in script if line not in text] == []


def test_links_within_the_document_have_a_target() -> None:
    text = DOCUMENT.read_text("utf-8")
    heads = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    anchors = {re.sub(r"[^\w -]", "", head.lower()).replace(" ", "-") for head in heads}
    links = re.findall(r"\]\(#([^)]*)\)", text)
    assert links
    assert set(links) <= anchors
