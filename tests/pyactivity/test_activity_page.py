"""What the page consists of, without a browser: columns, the tree, the limit, and nothing that a name could break."""

import base64
import json
import re
import zlib
from hashlib import sha256
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
from home_tree import NASTY, NOW, plant_home
from hypothesis import given
from hypothesis import strategies as st

from pyactivity.page import page
from pyactivity.page_columns import Columns, varints
from pyactivity.page_data import page_data
from pyactivity.page_tree import tree_of
from pyactivity.report import Report, report_of
from pyactivity.survey import take_survey

NOW_NS = int(NOW.timestamp()) * 10**9


def report(*directories: Path) -> Report:
    seen = take_survey(directories, now_ns=NOW_NS, radius_ns=3_600 * 10**9)
    return report_of(seen, [str(directory) for directory in directories], seen.parts())


def read_varints(packed: bytes) -> list[int]:
    """LEB128, the slow and obvious way."""
    values, value, shift = [], 0, 0
    for byte in packed:
        value |= (byte & 127) << shift
        shift += 7
        if byte < 128:
            values.append(value)
            value = shift = 0
    return values


@given(st.lists(st.integers(0, 2**63 - 1)))
def test_varints_are_leb128(values: list[int]) -> None:
    assert read_varints(varints(np.array(values, np.int64))) == values


@given(st.lists(st.integers(-(2**61), 2**61)))
def test_zigzags_are_differences(values: list[int]) -> None:
    columns = Columns()
    columns.zigzag("x", values)
    steps = [step // 2 if step % 2 == 0 else -(step + 1) // 2 for step in read_varints(columns.pack())]
    assert [sum(steps[: end + 1]) for end in range(len(steps))] == values


class Parsed(HTMLParser):
    def __init__(self, text: str) -> None:
        super().__init__()
        self.elements: dict[str, list[tuple[dict[str, str | None], str]]] = {}
        self._open: tuple[str, dict[str, str | None]] | None = None
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._open = tag, dict(attrs)
        self.elements.setdefault(tag, []).append((dict(attrs), ""))

    def handle_data(self, data: str) -> None:
        if self._open and self._open[0] in ("script", "style"):
            attributes, before = self.elements[self._open[0]][-1]
            self.elements[self._open[0]][-1] = attributes, before + data

    def handle_endtag(self, tag: str) -> None:
        self._open = None


def test_only_what_the_policy_has_the_hash_of_may_run(tmp_path: Path) -> None:
    hostile = tmp_path / "</script><script>alert(1)<&'\""
    plant_home(hostile.joinpath("<!--"))
    text = b"".join(page(report(hostile))).decode()
    parsed = Parsed(text)
    (policy,) = [meta["content"] for meta, _ in parsed.elements["meta"] if meta.get("http-equiv")]
    assert policy
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    for tag in ("script", "style"):
        code = [content for attributes, content in parsed.elements[tag] if "type" not in attributes]
        assert [rules[f"{tag}-src"]] == [
            f"'sha256-{base64.b64encode(sha256(content.encode()).digest()).decode()}'" for content in code
        ]
    assert [attributes.get("type") for attributes, _ in parsed.elements["script"]] == [
        "application/json",
        "application/octet-stream",
        None,
    ]
    assert json.loads(parsed.elements["script"][0][1])["root"] == str(hostile)
    assert not [element for element in text.split("<") if re.match(r"\S+[^>]*\s(on\w+|style|src|href=.?h)=", element)]
    assert not re.search(r"innerHTML|outerHTML|insertAdjacent|document\.write|eval\(|new Function", text)


def test_names_are_left_out_until_the_data_fit(tmp_path: Path) -> None:
    plant_home(tmp_path)
    whole = report(tmp_path)
    everything = page_data(whole, 10**6)
    assert everything.named == len(whole.files)
    names = columns_of(everything.deflated, everything.index)["file_name"].split(b"\0")
    assert {name.rpartition(b"/")[2] for name in NASTY} <= set(names)
    for limit in (12_000, 8_000, 4_000):
        some = page_data(whole, limit)
        assert len(some.deflated) <= limit
        assert 0 < some.named < everything.named
    few = columns_of(some.deflated, some.index)
    assert b"chapter-1.tex" in few["file_name"]  # the newest before all others
    assert read_varints(few["pair_files"]) == read_varints(
        columns_of(everything.deflated, everything.index)["pair_files"]
    )


def test_then_the_oldest_activities_are_left_out(tmp_path: Path) -> None:
    plant_home(tmp_path)
    whole = report(tmp_path)
    least = len(page_data(whole, 0, names=False).deflated)
    facts = json.loads(Parsed(b"".join(page(whole, data_bytes=least - 1)).decode()).elements["script"][0][1])
    assert facts["left_out"] == [4, 1500 + 4 + 800 + 21]
    assert len(b"".join(page(whole, data_bytes=least - 1))) < len(b"".join(page(whole, data_bytes=least)))


def columns_of(deflated: bytes, index: list[tuple[str, str, int]]) -> dict[str, bytes]:
    packed, columns, start = zlib.decompress(deflated), {}, 0
    for name, _, length in index:
        columns[name] = packed[start : start + length]
        start += length
    assert start == len(packed)
    return columns


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ([""], ["0 ", "1 a", "2 x", "2 y", "1 b", "2 c"]),
        (["a", "b/c"], ["0-", "1 a", "2 x", "2 y", "1-b", "2 c"]),
        (["a/x", "", "b"], ["0 ", "1 a", "2 x", "2 y", "1 b", "2 c"]),
        (["b/c"], ["0 "]),
    ],
)
def test_directories_form_one_tree(tmp_path: Path, given: list[str], expected: list[str]) -> None:
    for below in ("a/x/f", "a/y/f", "b/c/f", "b/c/empty/"):
        path = tmp_path / below
        path.parent.mkdir(parents=True, exist_ok=True)
        if not below.endswith("/"):
            path.touch()
    whole = report(*(tmp_path / below for below in given))
    used = np.unique(whole.files.directory).tolist()
    tree = tree_of(whole, used)
    ways = zip(tree.depth.tolist(), tree.scanned.tolist(), tree.names, strict=True)
    assert [f"{depth}{' ' if scanned else '-'}{name.decode()}" for depth, scanned, name in ways] == expected
    paths: list[bytes] = []
    for level, name in zip(tree.depth.tolist(), tree.names, strict=True):
        above = next((paths[i] for i in reversed(range(len(paths))) if tree.depth[i] == level - 1), b"")
        paths.append(f"{above.decode()}/{name.decode()}".strip("/").encode())
    for number, reached in zip(tree.number.tolist(), whole.files.directories, strict=True):
        assert number == -1 or paths[number] == whole.below(reached)


def test_the_same_report_gives_the_same_page(tmp_path: Path) -> None:
    plant_home(tmp_path)
    assert b"".join(page(report(tmp_path))) == b"".join(page(report(tmp_path)))


def test_a_directory_without_files_has_a_page(tmp_path: Path) -> None:
    assert b"</html>" in b"".join(page(report(tmp_path)))
