"""Signatures of large files: in the archive, and kept beside the catalogue, so that a base may be on a shelf."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from kit.living import LargeFiles
from kit.manifest import differences, manifest

import pybackup
from pybackup.archive.open import open_archive
from pybackup.cli.main import main
from pybackup.container.own_files import own_files
from pybackup.container.signed import signature_in
from pybackup.delta.signature import SignatureMaker
from pybackup.jobs.signatures import signatures_of, signed_from_bytes
from pybackup.make import deltas as making
from pybackup.monitor import Monitor
from pybackup.options.making import CreateRequest
from pybackup.standalone import rescue

from .conftest import DATABASE, DISK, LARGE, MAILBOX, Chain, Large, deltas, is_whole, restore, stored


@pytest.fixture(autouse=True)
def quickly(chain: Chain) -> None:
    """Random bytes take LZMA seconds, and no signature depends on it."""
    chain.how["compression"] = "fast"


@pytest.fixture
def none_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing makes the signature of a base of its content."""
    monkeypatch.setattr(making, "SignatureMaker", None)


def signed(archive: Path) -> set[str]:
    with open_archive(os.fsencode(archive), alone=True) as opened:
        paths = [own.path.decode() for own in own_files(opened.file, opened.listing)]
    return {path.removeprefix(".pybackup/signatures/") for path in paths if "/signatures/" in path}


def name_of(data: bytes | bytearray) -> str:
    return hashlib.sha256(data).hexdigest() + ".sig"


def kept(chain: Chain) -> dict[str, Path]:
    """What is kept beside the catalogue, by the SHA-256 of the content."""
    found = Path(f"{chain.catalogue}.signatures").glob("*/*")
    return {path.name[:64] + ".sig": path for path in found}


def first_and_second_day(large: Large) -> None:
    """A full run on two media, and a run that builds on it."""
    chain = large.chain
    chain.run("full")
    large.burn_again()
    large.live()
    chain.run()


def put_on_a_shelf(chain: Chain) -> Path:
    """Move both copies of the archive of the first day away."""
    shelf = chain.base / "shelf"
    shelf.mkdir()
    for path in (chain.made[0], chain.base / "copy1.xtar"):
        path.rename(shelf / path.name)
    chain.made[0] = shelf / chain.made[0].name
    return shelf


def comes_back(chain: Chain, day: int) -> list[str]:
    """What differs of a day that is made of its archives."""
    heard, to = Monitor(), chain.base / f"out{day}"
    pybackup.extract([*chain.made[: day + 1]], to=to, workers=1, monitor=heard)
    assert heard.problems == []
    return differences(chain.days[day], manifest(to / "tree"))


def test_stock_tools_find_them_and_rdiff_uses_them(large: Large) -> None:
    chain, base = large.chain, bytes(large.held[LargeFiles.DISK])
    chain.run("full")
    assert signed(chain.made[0]) == {name_of(data) for data in large.held.values()}
    subprocess.run(["tar", "xf", chain.made[0]], cwd=chain.base, check=True)
    signature = chain.base / ".pybackup/signatures" / name_of(base)
    (chain.base / "base").write_bytes(base)
    how = ["-b", "2048", "-S", "32", "-H", "blake2", "-R", "rabinkarp"]
    told = subprocess.run(["rdiff", *how, "signature", chain.base / "base", "-"], capture_output=True, check=True)
    assert told.stdout == signature.read_bytes()
    new = base[:500_000] + b"shifted" + base[500_000:]
    (chain.base / "new").write_bytes(new)
    subprocess.run(["rdiff", "delta", signature, "new", "delta"], cwd=chain.base, check=True)
    assert (chain.base / "delta").stat().st_size < 10_000
    subprocess.run(["rdiff", "patch", "base", "delta", "again"], cwd=chain.base, check=True)
    assert (chain.base / "again").read_bytes() == new


def test_they_are_no_files_of_the_tree(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    archive = chain.made[0]
    assert all(b"signatures" not in each.entry.path for each in pybackup.list(archive))
    assert pybackup.verify(archive, deep=True, monitor=Monitor()).state.value == "intact"
    pybackup.salvage(archive, to=chain.base / "salvaged", workers=1, monitor=Monitor())
    assert differences(chain.days[0], manifest(chain.base / "salvaged/tree")) == []
    # Nor where no index is left to say what is one.
    data = bytearray(archive.read_bytes())
    at = -1
    while (at := data.find(b"XTARIDX", at + 1)) >= 0:
        data[at - 64 : at + 2000] = bytes(2064)
    data = data[: data.find(b"XTPARITY")] if b"XTPARITY" in data else data
    hurt = chain.base / "hurt.xtar"
    hurt.write_bytes(data)
    script: list[str | Path] = [sys.executable, "-I", rescue.__file__, "salvage", hurt, "--to", chain.base / "rescued"]
    subprocess.run(script, capture_output=True, check=False)
    pybackup.salvage(hurt, to=chain.base / "hurt", workers=1, monitor=Monitor())
    for where in ("rescued", "hurt"):
        found = [path for path in (chain.base / where).rglob("*") if path.suffix == ".sig"]
        assert (chain.base / where).is_dir()
        assert found == []


def test_only_what_may_be_a_base_has_one(large: Large) -> None:
    chain = large.chain
    with open(large.tree.top / "holes", "wb") as file:
        file.truncate(3 * LARGE)
    chain.run("full", delta="min_size=1300000")
    assert signed(chain.made[0]) == set()
    chain.run("full", delta="none")
    assert signed(chain.made[1]) == set()
    chain.run("full", parity=None)
    assert len(signed(chain.made[2])) == 3
    # Outside of chains nobody builds deltas on it as a rule.
    alone = chain.base / "alone.xtar"
    pybackup.create([large.tree.top], output=alone, workers=1, monitor=Monitor())
    assert signed(alone) == set()


@pytest.mark.usefixtures("none_made_anew")
def test_they_are_kept_beside_the_catalogue_for_their_owner(large: Large) -> None:
    chain = large.chain
    first_and_second_day(large)
    assert deltas(chain.made[1], DISK) > 0
    assert set(kept(chain)) >= signed(chain.made[0])
    for path in kept(chain).values():
        assert path.stat().st_mode & 0o077 == 0
        assert path.parent.stat().st_mode & 0o077 == 0
    assert restore(chain, chain.base / "back")[1].problems == []
    assert differences(chain.days[1], manifest(chain.base / "back/tree")) == []


@pytest.mark.usefixtures("none_made_anew")
def test_what_is_not_kept_any_more_is_taken_from_the_archive(large: Large) -> None:
    chain = large.chain
    chain.run("full")
    large.burn_again()
    for path in kept(chain).values():
        path.unlink()
    large.live()
    chain.run()
    assert deltas(chain.made[1], DISK) > 0
    assert name_of(stored_content(chain, DISK)) in kept(chain)
    assert comes_back(chain, 1) == []


def stored_content(chain: Chain, path: bytes) -> bytes:
    to = chain.base / "of the first day"
    pybackup.extract(chain.made[0], to=to, workers=1, monitor=Monitor())
    return (to / os.fsdecode(path)).read_bytes()


def test_what_is_nowhere_is_made_of_the_base(large: Large) -> None:
    """As in chains that were begun by earlier versions."""
    chain = large.chain
    chain.run("full", delta="none")
    large.burn_again()
    assert kept(chain) == {}
    large.live()
    chain.run()
    assert deltas(chain.made[1], DISK) > 0
    assert name_of(stored_content(chain, DISK)) in kept(chain)
    assert comes_back(chain, 1) == []


def test_a_base_on_a_shelf_gives_deltas(large: Large) -> None:
    chain = large.chain
    first_and_second_day(large)
    put_on_a_shelf(chain)
    large.live()
    chain.run("incremental")
    first = stored(chain.made[0], DISK).digest
    assert (stored(chain.made[2], DISK).base_digest, deltas(chain.made[2], DISK) > 0) == (first, True)
    assert deltas(chain.made[2], DATABASE) > 0
    assert comes_back(chain, 2) == []


def test_without_a_signature_a_base_on_a_shelf_gives_whole_files(large: Large) -> None:
    chain = large.chain
    first_and_second_day(large)
    put_on_a_shelf(chain)
    for path in kept(chain).values():
        path.unlink()
    large.live()
    chain.run("incremental")
    assert (is_whole(chain.made[2], DISK), deltas(chain.made[2], DATABASE)) == (True, 0)
    assert comes_back(chain, 2) == []


@pytest.mark.parametrize("harm", ["flip", "cut", "empty", "link", "others"])
def test_what_is_damaged_of_them_is_not_used(large: Large, harm: str) -> None:
    chain = large.chain
    first_and_second_day(large)
    shelf = put_on_a_shelf(chain)
    for path in kept(chain).values():
        data = bytearray(path.read_bytes())
        if harm == "flip":
            data[len(data) // 2] ^= 1
            path.write_bytes(data)
        elif harm in ("cut", "empty"):
            path.write_bytes(data[:-36] if harm == "cut" else b"")
        elif harm == "link":
            path.rename(shelf / path.name)
            path.symlink_to(shelf / path.name)
        else:
            path.parent.chmod(0o777)
    large.live()
    chain.run("incremental")
    assert (is_whole(chain.made[2], DISK), deltas(chain.made[2], DATABASE)) == (True, 0)
    assert comes_back(chain, 2) == []


def test_a_signature_that_lies_gives_no_wrong_delta(large: Large) -> None:
    """Its name and form are right; it is that of what the file will be. At hand the base says what is true."""
    chain = large.chain
    chain.run("full")
    large.burn_again()
    names = {name: name_of(data) for name, data in large.held.items()}
    sizes = {name: len(data) for name, data in large.held.items()}
    large.live()
    for name in (LargeFiles.DISK, LargeFiles.DATABASE):
        maker = SignatureMaker(sizes[name])
        maker.update(bytes(large.held[name][: sizes[name]]).ljust(sizes[name], b"\0"))
        lie = maker.finish()
        assert lie is not None
        path = kept(chain)[names[name]]
        path.unlink()
        (path.parent / f"{names[name][:64]}-{hashlib.sha256(lie).hexdigest()}.sig").write_bytes(lie)
    chain.run()
    assert [deltas(chain.made[1], name) for name in (DISK, DATABASE)] == [0, 0]
    assert comes_back(chain, 1) == []


def test_damage_in_the_archive_costs_time_and_nothing_else(large: Large) -> None:
    chain, base = large.chain, bytes(large.held[LargeFiles.DISK])
    chain.run("full", parity=None)
    large.burn_again()
    for path in kept(chain).values():
        path.unlink()
    with open_archive(os.fsencode(chain.made[0]), alone=True) as opened:
        digest = hashlib.sha256(base).digest()
        assert signature_in(opened.file, opened.listing, digest) is not None
        place = next(
            own.offset for own in own_files(opened.file, opened.listing) if own.path.endswith(name_of(base).encode())
        )
    for path in (chain.made[0], chain.base / "copy1.xtar"):
        data = bytearray(path.read_bytes())
        data[place + 100] ^= 1
        path.write_bytes(data)
    with open_archive(os.fsencode(chain.made[0]), alone=True) as opened:
        assert signature_in(opened.file, opened.listing, digest) is None
    large.live()
    chain.run()
    assert deltas(chain.made[1], DISK) > 0
    assert comes_back(chain, 1) == []


def test_a_full_run_removes_the_old_ones(large: Large) -> None:
    chain = large.chain
    first_and_second_day(large)
    large.live()
    chain.run("full")
    assert set(kept(chain)) == {name_of(data) for data in large.held.values()} == signed(chain.made[2])


def test_in_a_set_each_is_in_the_volume_in_which_its_file_ends(large: Large) -> None:
    """And no volume gets longer for it than it may be."""
    chain = large.chain
    chain.run("full", volumes=True, volume_size=1 << 20)
    volumes = sorted(chain.made[0].iterdir())
    assert max(path.stat().st_size for path in volumes) <= 1 << 20
    of_each = [signed(path) for path in volumes]
    assert sum(map(len, of_each)) == 3
    assert set().union(*of_each) == {name_of(data) for data in large.held.values()} == set(kept(chain))
    whole = [path.read_bytes() for path in volumes]
    # A run that was killed within the last volume is gone on with, to the same bytes.
    for path in volumes[2:]:
        path.unlink()
    for path in kept(chain).values():
        path.unlink()
    chain.days.clear()
    chain.made.clear()
    chain.run("full", volumes=True, volume_size=1 << 20, resume=True)
    assert [path.read_bytes() for path in volumes] == whole
    states = {pybackup.verify(path, monitor=Monitor()).state.value for path in volumes}
    assert states == {"intact"}


def test_a_merged_archive_has_them(large: Large) -> None:
    chain = large.chain
    first_and_second_day(large)
    merged = chain.base / "merged.xtar"
    assert main(["chain", "merge", chain.name, "-o", str(merged), "--quiet"]) == 0
    assert signed(merged) == {name_of(data) for data in large.held.values()}
    assert {each.entry.path for each in pybackup.list(merged)} >= {DISK, DATABASE, MAILBOX}


def test_where_they_are_kept(chain: Chain, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beside a catalogue that is a file, else with the program's state; each chain by itself."""
    monkeypatch.setenv("XDG_STATE_HOME", "/state")

    def where(**how: Any) -> str | None:
        found = signatures_of(CreateRequest([b"tree"], **how))
        return None if found is None else os.path.dirname(os.fsdecode(found))

    assert where(chain="docs") == where(chain="docs/more") == f"{chain.catalogue}.signatures"
    assert signatures_of(CreateRequest([b"tree"], chain="a")) != signatures_of(CreateRequest([b"tree"], chain="b"))
    in_state = where(chain="docs", catalogue="postgresql://me:secret@host/name")
    assert in_state is not None
    assert in_state.startswith("/state/pybackup/signatures/")
    assert "secret" not in in_state
    assert [where(), where(chain="docs", delta="none"), where(chain="docs", catalogue="none")] == [None] * 3
    assert signed_from_bytes(CreateRequest([b"tree"], chain="docs", delta="min_size=5M")) == 5 << 20
    assert signed_from_bytes(CreateRequest([b"tree"])) is None
