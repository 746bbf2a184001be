"""A chain merged into one full archive has the bytes of a full run of that day, made from the archives alone."""

from __future__ import annotations

import os
import shutil
from pathlib import Path
from typing import Any

import pytest
from kit.living import SEGMENT
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.catalogue.connect import create_catalogue
from pybackup.cli.main import main
from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.restore.recut import Recutter
from pybackup.tree.content import read_contents
from pybackup.tree.walk import walk

from .conftest import DAY, FIRST_DAY, Chain


def merge(chain: Chain, output: Path, day: int, named: Any = None, **more: Any) -> Monitor:
    heard = Monitor()
    chain.monkeypatch.setenv("SOURCE_DATE_EPOCH", str(FIRST_DAY + day * DAY))
    how: dict[str, Any] = {
        "segment_size": SEGMENT,
        "workers": 1,
        "catalogue": chain.catalogue,
        "at": chain.at(day),
    } | more
    pybackup.chain_merge(named or chain.name, output, monitor=heard, **how)
    return heard


def with_full_runs(chain: Chain, days: int) -> list[Path]:
    """Runs of a tree that changes, and full runs of the same days, each in a catalogue of its own."""
    full = []
    (chain.base / "full").mkdir()
    with open(chain.tree.top / "holes", "wb") as file:
        file.truncate(5 * SEGMENT)
        file.seek(2 * SEGMENT + 5)
        file.write(os.urandom(SEGMENT))
    for day in range(days):
        chain.run()
        address = os.fspath(chain.base / f"full/{day}.sqlite")
        create_catalogue(address).close()
        full.append(chain.base / f"full/{day}.xtar")
        pybackup.create(
            [chain.tree.top], output=full[-1], chain=chain.name, level="full", catalogue=address, workers=1,
            segment_size=SEGMENT,
        )  # fmt: skip
        chain.tree.live(5)
    shutil.rmtree(chain.tree.top)
    return full


def test_each_day_is_what_a_full_run_of_it_was(chain: Chain) -> None:
    full = with_full_runs(chain, 5)
    for day, path in enumerate(full):
        merged = chain.base / f"merged{day}.xtar"
        assert merge(chain, merged, day).problems == []
        assert merged.read_bytes() == path.read_bytes()
        assert merge(chain, chain.base / "again.xtar", day, named=chain.made, overwrite=True).problems == []
        assert (chain.base / "again.xtar").read_bytes() == path.read_bytes()


@pytest.mark.parametrize("more", [{"segment_size": 2 * SEGMENT}, {"compression": "store", "parity": "none"}])
def test_it_is_packed_as_it_is_asked_for(chain: Chain, more: dict[str, Any]) -> None:
    """Also into longer segments: contents that are cut otherwise are hashed as a whole."""
    (chain.base / "other").mkdir()
    chain.run()
    address = os.fspath(chain.base / "other/c.sqlite")
    create_catalogue(address).close()
    how: dict[str, Any] = {"segment_size": SEGMENT, "workers": 1, "chain": "docs", "level": "full"} | more
    if more.get("parity") == "none":
        how["parity"] = None
    pybackup.create([chain.tree.top], output=chain.base / "other/x.xtar", catalogue=address, **how)
    packed = {key: value for key, value in how.items() if key in ("segment_size", "compression", "parity")}
    assert merge(chain, chain.base / "merged.xtar", 0, **packed).problems == []
    assert (chain.base / "merged.xtar").read_bytes() == (chain.base / "other/x.xtar").read_bytes()


def test_it_stands_alone_and_the_chain_goes_on_from_it(chain: Chain) -> None:
    chain.run()
    chain.tree.live(4)
    chain.run()
    merged = chain.base / "merged.xtar"
    assert main(["chain", "merge", "docs", "-o", str(merged), "--workers", "1"]) == 0
    for path in chain.made:
        path.unlink()
    pybackup.extract(merged, chain.base / "out", monitor=(heard := Monitor()))
    assert heard.problems == []
    assert differences(chain.days[1], manifest(chain.base / "out/tree")) == []
    chain.tree.write(chain.tree.top / "newer", 1000)
    chain.run()
    assert [need.label for need in chain.runs()[-1].needs if need.files] == ["merged.xtar"]
    pybackup.restore_chain("docs", to=chain.base / "back", workers=1, monitor=(heard := Monitor()))
    assert heard.problems == []
    assert differences(chain.days[2], manifest(chain.base / "back/tree")) == []


def test_damage_is_mended_and_what_is_lost_is_named_and_left_out(chain: Chain) -> None:
    chain.run_and_damage(2)
    assert merge(chain, chain.base / "mended.xtar", 1).problems == []
    chain.made[0].unlink()
    heard = merge(chain, chain.base / "partial.xtar", 1)
    lost = {problem.path for problem in heard.problems}
    assert {problem.trouble for problem in heard.problems} == {Trouble.LOST}
    assert b"tree/big0" in lost
    known = {stored.entry.path for stored in pybackup.list(chain.base / "mended.xtar")}
    left = {stored.entry.path for stored in pybackup.list(chain.base / "partial.xtar", monitor=Monitor())}
    assert known - lost == left
    assert b"tree/big1" in left
    assert pybackup.verify(chain.base / "partial.xtar", deep=True).state == "intact"


def test_nothing_that_is_read_is_replaced(chain: Chain) -> None:
    chain.run()
    for overwrite in (False, True):
        with pytest.raises(UsageError, match=r"is one of the files that are read|exists"):
            merge(chain, chain.made[0], 0, overwrite=overwrite)
    assert pybackup.verify(chain.made[0]).state == "intact"


def test_the_command_line_merges_and_records(chain: Chain, capsys: pytest.CaptureFixture[str]) -> None:
    chain.run()
    chain.run()
    merged = chain.base / "merged.xtar"
    assert main(["chain", "merge", "docs", "-o", str(merged), "--workers", "1"]) == 0
    assert "0 problems" in capsys.readouterr().err
    assert chain.levels() == ["full", "incremental", "full"]


def test_pieces_are_those_that_reading_the_files_gives(chain: Chain) -> None:
    """With any segment size, sparse files and hard links; a file lost after some pieces were read is taken back."""
    with open(chain.tree.top / "holes", "wb") as file:
        file.truncate(5 * SEGMENT)
        file.seek(2 * SEGMENT + 5)
        file.write(os.urandom(SEGMENT))
    chain.run()
    for segment_bytes in (SEGMENT // 4, SEGMENT, 3 * SEGMENT):
        planned = list(walk([Source(os.fsencode(chain.tree.top), b"tree")], monitor=Monitor()))
        wanted = list(read_contents(planned, segment_bytes=segment_bytes, monitor=Monitor()))
        with open_archive(os.fsencode(chain.made[0])) as archive:
            reader = Recutter(archive, segment_bytes=segment_bytes, better=lambda *_: None, monitor=Monitor())
            assert list(reader.read(range(len(archive.listing)))) == wanted
