"""FORMAT.md is enough: a decoder written from it alone reads and repairs what pybackup wrote."""

from __future__ import annotations

import ast
import json
import os
import random
from fractions import Fraction
from hashlib import sha256
from pathlib import Path

import pytest
from kit.decoder import decode, extract, guards, repair, tree

from pybackup.archive.open import open_archive
from pybackup.compress.methods import Profile
from pybackup.jobs.repair import repair as mend
from pybackup.make.plan import CreateOptions, plan_create
from pybackup.make.run import perform_create
from pybackup.make.sidecar import protect_file
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.parity.stream.amount import Amount
from pybackup.parity.stream.geometry import ParityOptions
from pybackup.sector import SECTOR

HERE = Path(__file__).parent
GOLDEN = sorted((HERE / "golden").glob("v*/*.xtar"))
FORMS = {
    "one group": ParityOptions(Amount(share=Fraction(1, 5))),
    "several groups": ParityOptions(Amount(share=Fraction(1, 5)), group_sectors=48),
    "several groups, more parity than data": ParityOptions(Amount(share=Fraction(4)), group_sectors=60),
    "no parity": ParityOptions(Amount()),
}


def test_is_a_stranger_and_small() -> None:
    text = (HERE / "kit/decoder.py").read_text()
    imported = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            imported |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            imported.add(node.module or "")
    assert imported == {"io", "itertools", "lzma", "struct", "tarfile", "zlib", "hashlib", "typing", "numpy"}
    assert sum(bool(line.strip()) for line in text.splitlines()) <= 120


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree of some 300 KB with directories in directories, every kind of content but a segmented one."""
    chance = random.Random(7)
    top = tmp_path_factory.mktemp("decoder") / "top"
    for name, size in (("random", 230_000), ("empty", 0), ("a/small", 90), ("a/b/c/text", 40_000), ("d/x", 3)):
        path = top / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(size) if name == "random" else chance.randbytes(7) * (size // 7))
    (top / "link").symlink_to("random")
    os.link(top / "random", top / "again")
    with (top / "sparse").open("wb") as file:
        file.seek(1 << 20)
        file.write(b"behind a hole")
        file.truncate(3 << 20)
    return top


def _archive(source: Path, output: Path, parity: ParityOptions, *, bundle_bytes: int = 0) -> bytes:
    options = CreateOptions(Profile(bundle_bytes=bundle_bytes), parity=parity, overwrite=True, workers=1)
    sources = [Source(os.fsencode(source), os.fsencode(source.name))]
    monitor = Monitor()
    plan = plan_create(sources, os.fsencode(output), judge=None, options=options, monitor=monitor)
    perform_create(plan, monitor=monitor)
    return output.read_bytes()


def _check_tree(path: Path) -> dict[bytes, bytes]:
    """Compare the rows with those of pybackup; return the content of all files, whose digests were checked."""
    data = path.read_bytes()
    rows = tree(data)
    with open_archive(os.fsencode(path)) as opened:
        stored = list(opened.listing)
    assert [row[0] for row in rows] == [item.entry.path for item in stored]
    for (_, kind, flags, size, members), item in zip(rows, stored, strict=True):
        assert (kind, bool(flags & 1)) == (item.entry.kind, item.sparse)
        if kind == 1:
            assert size == item.entry.size
            assert [member[0] for member in members] == [member.offset for member in item.members]
    return {row[0]: extract(data, row[2], row[4]) for row in rows if row[1] == 1}


@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.parent.name)
def test_reads_golden_archives(path: Path) -> None:
    expected = json.loads((path.parent / "expected.json").read_text())["manifest"]
    files = {name.encode("latin-1"): facts["content"] for name, facts in expected.items() if facts.get("content")}
    found = {name.partition(b"/")[2]: _content(data) for name, data in _check_tree(path).items()}
    assert {name: files[name] for name in found} == found
    assert len(found) > 15
    assert repair(path.read_bytes()) == (path.read_bytes(), [])


def _content(data: bytes) -> str:
    """As the manifest says it: holes and zeros are alike."""
    digest = sha256()
    for at in range(0, len(data), 4096):
        if data[at : at + 4096].strip(b"\0"):
            digest.update(b"%d:" % at + data[at : at + 4096])
    return digest.hexdigest()


def test_there_are_golden_archives() -> None:
    assert GOLDEN


@pytest.mark.parametrize("bundle_bytes", [0, 1 << 17])
def test_reads_a_new_archive(source: Path, tmp_path: Path, bundle_bytes: int) -> None:
    _archive(source, tmp_path / "a.xtar", FORMS["one group"], bundle_bytes=bundle_bytes)
    for name, data in _check_tree(tmp_path / "a.xtar").items():
        assert data == (source.parent / os.fsdecode(name)).read_bytes()


def _damaged(data: bytes, numbers: list[int]) -> bytes:
    changed = bytearray(data)
    for number in numbers:
        changed[number * SECTOR + 5] ^= 0x40
    return bytes(changed)


@pytest.mark.parametrize("form", FORMS)
def test_repairs_an_archive(source: Path, tmp_path: Path, form: str) -> None:
    """With all but T guard sectors gone, and bad sectors in data and parity, as many as the parity stands."""
    whole = _archive(source, tmp_path / "a.xtar", FORMS[form])
    head, payloads = guards(whole)
    numbers = [at // SECTOR for at in range(0, len(whole), SECTOR) if whole[at : at + 12] == head[:12]]
    assert len(numbers) == len(payloads) >= 2
    t = -(-(len(whole) // SECTOR - len(numbers)) // 480)
    assert t == (2 if form == "several groups, more parity than data" else 1)
    lost = numbers[:-t]
    bad = [] if form == "no parity" else [3, 4, 40, numbers[len(numbers) // 2] + 1]
    data = _damaged(whole, lost + bad)
    assert len(guards(data)[1]) == len(numbers) - len(lost)
    assert repair(data) == (whole, bad)

    (tmp_path / "damaged").write_bytes(data)
    done = mend([os.fsencode(tmp_path / "damaged")], os.fsencode(tmp_path / "mended"), monitor=Monitor())
    assert done.complete
    assert (tmp_path / "mended").read_bytes() == whole
    assert done.damaged == len(bad) + len(lost)


def test_repairs_by_a_sidecar(tmp_path: Path) -> None:
    whole = random.Random(3).randbytes(150 * SECTOR + 77)
    path, sidecar = tmp_path / "image", tmp_path / "image.xpar"
    path.write_bytes(whole)
    protect_file(os.fsencode(path), os.fsencode(sidecar), FORMS["several groups"], monitor=Monitor())
    stream = sidecar.read_bytes()
    bad = [0, 17, 18, 149]
    damaged = _damaged(whole, bad)
    assert repair(damaged[:-70], stream) == (whole + stream, [*bad, 150])


def test_one_past_the_limit_is_no_repair(source: Path, tmp_path: Path) -> None:
    whole = _archive(source, tmp_path / "a.xtar", FORMS["one group"])
    p = int.from_bytes(guards(whole)[0][68:72], "little")
    assert repair(_damaged(whole, [*range(p)]))[0] == whole
    with pytest.raises(AssertionError):
        repair(_damaged(whole, [*range(p + 1)]))


@pytest.mark.parametrize(("k", "p"), [(1, 1), (3, 1), (1, 3), (4, 4), (7, 5), (5, 7), (9, 2), (2, 9)])
def test_decodes_any_erasures(k: int, p: int) -> None:
    chance = random.Random(k * p)
    shards = decode(k, p, {i: chance.randbytes(128) for i in range(k)})
    for _ in range(20):
        kept = chance.sample(range(k + p), chance.randint(k, k + p))
        assert decode(k, p, {i: shards[i] for i in kept}) == shards
