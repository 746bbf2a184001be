"""The rescue script and the volumes of a set: files in parts are joined, and what lies on a missing disc is named."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from kit.command import ENVIRONMENT, SCRIPT, run, run_rescue
from kit.discs import MIB, SECTOR, build, tool
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

from pybackup.archive.joined import volumes_of
from pybackup.archive.open import open_archive
from pybackup.model.member import MAX_DEPTH
from pybackup.standalone import rescue

# The oldest Python that is here runs it, too; the syntax of 3.8 is checked in test_rescue.py.
Done = subprocess.CompletedProcess[str]


class Field:
    """A set of volumes, in which one file lies in several, and their images."""

    def __init__(self, base: Path, parity: str = "10%") -> None:
        self.tree = plant_for_discs(base / "tree", n_bytes=8 * MIB)
        self.volumes = make_volumes(self.tree, base / "volumes", [3 * MIB, 5 * MIB // 2, 3 * MIB], parity=parity)
        self.images = [Path(os.fsdecode(build(volume, base / "images").path)) for volume in self.volumes]
        assert len(self.volumes) >= 4

    def on(self, lost: int) -> set[bytes]:
        """Files of which something lies on a volume, by its place in the list."""
        with open_archive(os.fsencode(self.volumes[0]), [os.fsencode(path) for path in self.volumes[1:]]) as opened:
            return {stored.entry.path for stored in opened.listing if lost + 1 in volumes_of([stored])}


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with fast_directory() as base:
        yield Field(base)


@pytest.fixture(scope="module")
def bare() -> Iterator[Field]:
    """Without parity."""
    with fast_directory() as base:
        yield Field(base, "none")


@pytest.mark.parametrize("kind", ["volumes", "images", "directory", "mixed", "twice"])
def test_all_of_a_set(kind: str, field: Field, room: Path) -> None:
    named = {
        "volumes": field.volumes[::-1],
        "images": field.images[1:] + field.images[:1],
        "directory": [field.images[0].parent],
        "mixed": [*field.volumes[:2], *field.images[2:]],
        "twice": [*field.volumes, field.images[1]],
    }[kind]
    done = run_rescue("extract", *named, "--to", room / "out", "--numeric-owner")
    assert done.returncode == 0, done.stderr
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == []
    assert run_rescue("verify", *named).returncode == 0


@pytest.mark.parametrize("lost", [0, 1, -1])
def test_a_volume_is_lost(lost: int, field: Field, room: Path) -> None:
    lost %= len(field.volumes)
    here = [image for number, image in enumerate(field.images) if number != lost]
    done = run_rescue("extract", *here, "--to", room / "out")
    assert done.returncode == 1
    gone = field.on(lost)
    assert gone
    there = {os.fsencode(each.relative_to(field.tree.parent)) for each in field.tree.rglob("*")}
    # A hard link is lost with its file.
    gone |= {b"tree/twin"} if b"tree/letters/2.txt" in gone else set()
    for path in there - gone:
        assert os.path.lexists(room / "out" / os.fsdecode(path)), path
    for path in gone:
        assert not os.path.exists(room / "out" / os.fsdecode(path))
        if lost != len(field.volumes) - 1:
            assert os.fsdecode(path) in done.stderr
            assert f"docs {lost + 1}" in done.stderr
    if lost == len(field.volumes) - 1:
        assert "after number" in done.stderr
    salvaged = run_rescue("salvage", *here, "--to", room / "left")
    assert salvaged.returncode == 1
    long = room / "left/tree/letters/old/0.jpg.partial"
    whole = field.tree / "letters/old/0.jpg"
    assert os.fsencode(whole.relative_to(field.tree.parent)) not in gone or long.exists()


def test_one_volume_alone_gives_up_its_own_files(field: Field, room: Path) -> None:
    done = run_rescue("extract", field.volumes[-1], "--to", room / "out")
    assert done.returncode == 1
    assert "which is not here" in done.stderr
    own = field.on(len(field.volumes) - 1) - set().union(*(field.on(n) for n in range(len(field.volumes) - 1)))
    assert own
    for path in own:
        assert (room / "out" / os.fsdecode(path)).read_bytes() == (field.tree.parent / os.fsdecode(path)).read_bytes()
    some = run_rescue("extract", field.volumes[-1], "--to", room / "some", os.fsdecode(min(own)))
    assert some.returncode == 0, some.stderr


def test_a_volume_whose_indexes_are_gone_is_told_by_its_headers(field: Field, room: Path) -> None:
    data = bytearray(field.volumes[1].read_bytes())
    for magic in (b"XTARIDX{", b"}XTARIDX"):
        while (at := data.find(magic)) >= 0:
            data[at : at + 8] = bytes(8)
    data[:512] = bytes(512)
    (room / "hurt.xtar").write_bytes(data)
    others = [volume for number, volume in enumerate(field.volumes) if number != 1]
    done = run_rescue("extract", room / "hurt.xtar", *others, "--to", room / "out", "--numeric-owner")
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == [], done.stderr


def files_of(top: Path) -> dict[str, bytes]:
    return {str(path.relative_to(top)): path.read_bytes() for path in top.rglob("*") if path.is_file()}


def by_both(volumes: list[Path], room: Path, status: int) -> tuple[dict[str, bytes], Done]:
    """What both readers restore: the same, and nothing else than was archived."""
    done = run_rescue("extract", *volumes, "--to", room / "out", "--numeric-owner")
    assert (done.returncode, run("extract", *volumes, "--to", room / "other").returncode) == (status, status)
    found = files_of(room / "out")
    assert found == files_of(room / "other")
    return found, done


@pytest.mark.parametrize("which", [0, 1, -1])
@pytest.mark.parametrize("harm", ["ends", "indexes too", "all"])
def test_a_volume_of_which_start_and_end_are_lost_is_no_path(which: int, harm: str, bare: Field, room: Path) -> None:
    """Neither reader restored anything: nothing in the archive is called so."""
    data = bytearray(bare.volumes[which].read_bytes())
    for magic in (b"XTARIDX{", b"}XTARIDX") if harm == "indexes too" else ():
        while (at := data.find(magic)) >= 0:
            data[at : at + 8] = bytes(8)
    data[: 64 << 10], data[-(64 << 10) :] = bytes(64 << 10), bytes(64 << 10)
    hurt = room / "hurt.xtar"
    hurt.write_bytes(bytes(len(data)) if harm == "all" else data)
    others = [volume for volume in bare.volumes if volume != bare.volumes[which]]
    found, done = by_both([others[0], hurt, *others[1:]], room, 1)
    whole = {f"tree/{name}": content for name, content in files_of(bare.tree).items()}
    assert found.items() <= whole.items()
    gone = {os.fsdecode(path) for path in bare.on(which % len(bare.volumes))}
    assert whole.keys() - gone - {"tree/twin", "tree/link"} <= found.keys()
    if harm == "all":
        assert f"lost: {hurt}: no archive, or nothing of one is left" in done.stderr
    elif which == 1:
        # What lies on it bears its name, as a later volume tells it: it is one file, in part.
        assert done.stderr.splitlines()[-1] == "1 loss, named above"
        assert run_rescue("salvage", others[0], hurt, *others[1:], "--to", room / "left").returncode == 1
        part = (room / "left/tree/letters/old/0.jpg.partial").read_bytes()
        right = whole["tree/letters/old/0.jpg"]
        assert len(part) == len(right)
        # A segment is 1 MiB, and each end of the volume has less than one of it.
        same = sum(part[at : at + SECTOR] == right[at : at + SECTOR] for at in range(0, len(right), SECTOR))
        assert same * SECTOR > len(right) - 5 * MIB // 2


def test_headers_alone_give_up_the_files_of_a_volume_without_parity(bare: Field, room: Path) -> None:
    """Every index of it is lost, and it is the last, so that no other knows them."""
    data = bytearray(bare.volumes[-1].read_bytes())
    for magic in (b"XTARIDX{", b"}XTARIDX"):
        while (at := data.find(magic)) >= 0:
            data[at : at + 8] = bytes(8)
    (room / "hurt.xtar").write_bytes(data)
    found, _ = by_both([*bare.volumes[:-1], room / "hurt.xtar"], room, 1)
    assert found == {f"tree/{name}": content for name, content in files_of(bare.tree).items()}


def test_what_is_an_entry_too_stays_a_path(bare: Field, room: Path) -> None:
    """Whoever has a damaged archive may look for its copy in another."""
    (room / "tree").mkdir()
    (room / "tree/a.xtar").write_bytes(b"an archive, or not\n")
    volumes = make_volumes(room / "tree", room / "set", [8 * MIB], parity="none")
    (room / "tree/a.xtar").write_bytes(bytes(100_000))
    for command in ([sys.executable, "-I", SCRIPT], [sys.executable, "-m", "pybackup"]):
        words: list[str | Path] = ["extract", *volumes, "./tree/a.xtar", "--to", room / "out"]
        subprocess.run([*command, *words], check=True, capture_output=True, cwd=room, env=ENVIRONMENT)
        assert (room / "out/tree/a.xtar").read_bytes() == b"an archive, or not\n"
        (room / "out/tree/a.xtar").unlink()


def test_what_is_of_another_set_is_refused(field: Field, room: Path) -> None:
    (other,) = make_volumes(
        plant_for_discs(room / "other", n_bytes=MIB, seed=9), room / "volumes", [8 * MIB], name="other"
    )
    done = run_rescue("list", *field.volumes, other)
    assert done.returncode == 2
    assert "another set" in done.stderr


def test_by_the_oldest_python_there_is(field: Field, room: Path) -> None:
    """By hand with 3.8; here with whatever stands beside this one, this one at least."""
    pythons = [
        path for path in ("/usr/bin/python3.8", "/usr/bin/python3.9", "/usr/bin/python3") if os.path.exists(path)
    ]
    python = pythons[0] if pythons else sys.executable
    out = tool(python, "-I", "-S", SCRIPT, "extract", *field.images, "--to", room / "out", "--numeric-owner")
    assert b"put back" in out
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == []


def test_a_scratch_on_a_disc_costs_what_lies_there(field: Field, room: Path) -> None:
    images = list(field.images)
    data = bytearray(images[2].read_bytes())
    at = len(data) // 2 // SECTOR * SECTOR
    data[at : at + 4 * SECTOR] = bytes(4 * SECTOR)
    images[2] = room / "hurt.iso"
    images[2].write_bytes(data)
    done = run_rescue("verify", *images)
    assert done.returncode == 1
    assert done.stderr.count("bad sectors:") == 1
    done = run_rescue("salvage", *images, "--to", room / "out")
    assert done.returncode == 1
    lost = [line for line in done.stderr.splitlines() if line.startswith(("lost: ", "partial: "))]
    assert len(lost) == 1


def built(count: int) -> list[rescue.Entry]:
    """What archives tell of a file of two segments: ``count`` times the second one changed, and the first is kept."""
    members = [rescue.Member(at, 600, 100, 100, 0, 0, bytes(32), segment) for segment, at in enumerate([0, 1000])]
    found = [rescue.Entry(b"f", rescue.FILE, 0o644, (0, 0, b"", b""), 0, 200, members=members, segments=2, digest=b"0")]
    for number in range(1, count + 1):
        own, base = b"%d" % number, b"%d" % (number - 1)
        found.append(found[0]._replace(mtime_ns=number, members=members[1:], digest=own, base_digest=base))
    return found


def test_a_file_is_built_on_as_many_contents_as_the_format_allows() -> None:
    found = rescue.on_base(built(MAX_DEPTH))
    assert (found.fault, [member.segment for member in found.members]) == ("", [0, 1])
    assert rescue.MAX_DEPTH == MAX_DEPTH


@pytest.mark.parametrize("count", [MAX_DEPTH + 1, 5000])
def test_a_file_that_is_built_on_more_is_not_whole(count: int) -> None:
    """Nor does it take a step deeper, or more work, for each of the contents that hostile indexes may tell of."""
    assert rescue.on_base(built(count)).fault == "1 of its 2 segments are gone"


def test_the_work_for_a_file_grows_with_what_is_told_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = 0
    is_part_of = rescue.is_part_of

    def counted(entry: rescue.Entry, newest: rescue.Entry) -> bool:
        nonlocal asked
        asked += 1
        return is_part_of(entry, newest)

    monkeypatch.setattr(rescue, "is_part_of", counted)
    rescue.on_base(built(2000))
    assert asked <= 4 * (MAX_DEPTH + 1) * 2001
