"""Lost content of a base is taken from another archive that has it, by its SHA-256."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

import pytest
from kit.hearing import Notes
from kit.living import SEGMENT
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.cli.main import main
from pybackup.restore.elsewhere import Elsewhere

from .conftest import Chain


def restored(chain: Chain, to: str, named: Any = None, **more: Any) -> Notes:
    heard = Notes()
    pybackup.restore_chain(
        named or chain.name, to=chain.base / to, workers=1, monitor=heard, catalogue=chain.catalogue, **more
    )
    return heard


@pytest.fixture
def lived(chain: Chain) -> Chain:
    """A full run, a small one that builds on it, and another full run."""
    chain.run(parity=None)
    chain.tree.write(chain.tree.top / "new", 3000)
    chain.run(parity=None)
    chain.run("full", parity=None)
    return chain


@pytest.mark.parametrize("harm", ["lost", "damaged"])
@pytest.mark.parametrize("named", ["chain", "archives"])
def test_a_later_full_run_stands_in_for_a_base(lived: Chain, harm: str, named: str) -> None:
    chain = lived
    if harm == "lost":
        chain.made[0].unlink()
    else:
        data = bytearray(chain.made[0].read_bytes())
        data[4096 : len(data) // 2] = bytes(len(data) // 2 - 4096)
        chain.made[0].write_bytes(data)
    what = [path for path in chain.made if path.exists()] if named == "archives" else None
    heard = restored(chain, "back", what, at=chain.at(1))
    assert heard.problems == []
    assert "lost contents are also in other archives, and are read from there" in heard.notes[-1]
    assert "day2.xtar" in heard.notes[-1]
    assert differences(chain.days[1], manifest(chain.base / "back/tree")) == []


def test_an_archive_of_no_chain_that_the_catalogue_knows_stands_in(chain: Chain) -> None:
    chain.run(parity=None)
    chain.tree.write(chain.tree.top / "new", 3000)
    chain.run(parity=None)
    # Of other segments, under other names: what it has in common is the content of files.
    other = chain.base / "other.xtar"
    chain.tree.top.rename(chain.base / "elsewhere")
    pybackup.create(
        [chain.base / "elsewhere"], output=other, segment_size=16 * SEGMENT, workers=1, catalogue=chain.catalogue
    )
    assert main(["catalogue", "add", str(other)]) == 0
    chain.made[0].unlink()
    assert restored(chain, "back").problems == []
    assert differences(chain.days[-1], manifest(chain.base / "back/tree")) == []
    # Merging takes it, too.
    heard = Notes()
    merged = chain.base / "merged.xtar"
    pybackup.chain_merge([chain.name], output=merged, workers=1, catalogue=chain.catalogue, monitor=heard)
    assert heard.problems == []
    pybackup.extract(merged, to=chain.base / "again", workers=1)
    assert differences(chain.days[-1], manifest(chain.base / "again/tree")) == []
    # Where it is not at hand, the medium is named.
    other.unlink()
    heard = restored(chain, "without")
    assert heard.problems
    assert any(note.endswith("the same content is on other") for note in heard.notes)


def test_what_is_damaged_there_too_is_lost_and_nothing_is_wrong(lived: Chain) -> None:
    chain = lived
    chain.made[0].unlink()
    data = bytearray(chain.made[2].read_bytes())
    data[4096:40_000] = bytes(36_000 - 96)
    chain.made[2].write_bytes(data)
    heard = restored(chain, "back", at=chain.at(1))
    lost = {problem.path.removeprefix(b"tree/") for problem in heard.problems}
    assert lost
    found = manifest(chain.base / "back/tree")
    assert {path for path in chain.days[1] if path not in found} == lost
    assert differences({path: chain.days[1][path] for path in found}, found) == []


def test_each_lost_file_is_looked_for_once(lived: Chain) -> None:
    made: list[bytes] = [bytes(path) for path in lived.made]
    asked: list[int] = []

    def more(digests: Collection[bytes]) -> Sequence[bytes]:
        asked.append(len(digests))
        return ()

    elsewhere = Elsewhere(made[1:2], more)
    with open_archive(made[0]) as archive:
        lost = [stored.entry.path for stored in archive.listing if stored.members]
        assert elsewhere.view(archive, lost) is None
        assert elsewhere.view(archive, lost) is None
        assert len(asked) == 1
        assert asked[0] >= len(lost)
        view = Elsewhere(made[2:]).view(archive, lost[:1])
        assert view is not None
        assert view.listing.paths == archive.listing.paths
