"""Second copies of small files: what the loss of a volume or damage to it does not cost any more, and what it does."""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pytest
from kit.archives import extract
from kit.command import lines, run
from kit.manifest import differences, manifest
from kit.memory import fast_directory
from kit.sets import MIB, TIME, make, volumes
from kit.stock import expand, is_bundle, members, unbundle

import pybackup
from benchmarks.subjects import peers300
from pybackup.archive.joined import volumes_of
from pybackup.archive.open import open_archive
from pybackup.compress.methods import Compression
from pybackup.compress.pack import PackJob, pack
from pybackup.disc.volume import index_lines, open_volume
from pybackup.errors import UsageError
from pybackup.jobs.extract import content, restore
from pybackup.jobs.salvage import salvage
from pybackup.make.second_copies import SecondCopies, SecondCopy, parse_share
from pybackup.model.entry import Kind
from pybackup.model.member import Method, Stored
from pybackup.model.problem import Trouble
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.restore.content import read_content
from pybackup.restore.plan import RestoreOptions
from pybackup.restore.result import Extracted
from pybackup.standalone import rescue as script

SIZE = 402_048
LONG = "a name of more than a hundred characters, which a tar header has no room for " + 60 * "x"
sized = partial(make, first=(), size=SIZE, parity="none", segment_bytes=64 << 10)
copied = partial(sized, second_copies="8%")


def plant(top: Path) -> Path:
    """Small files in many directories, middling ones, one over several volumes, names in each other's way."""
    chance = random.Random(3)
    for number in range(12):
        below = top / f"d{number:02}/deep" if number % 3 else top / f"d{number:02}"
        below.mkdir(parents=True)
        for name in range(14):
            (below / f"{name}.bin").write_bytes(chance.randbytes(int(chance.lognormvariate(8.6, 1.3)) % 60_000))
    # A container and a member that would have one name, in directories that are not in the volume's last one.
    (top / "d03/same!.7z").mkdir()
    (top / "d03/same!.7z/tiny").write_bytes(b"one\n")
    (top / "d03/same!").write_bytes(b"two\n")
    (top / "d05" / LONG).write_bytes(b"a long name\n")
    (top / "d05/n\u00e4me \udcff").write_bytes(b"no ASCII, and no UTF-8\n")
    (top / "d07/empty").write_bytes(b"")
    (top / "d08/over.several").write_bytes(chance.randbytes(500_000))
    with open(top / "d09/holes", "wb") as file:
        file.truncate(1 << 20)
        file.write(b"behind a hole\n")
    os.link(top / "d03/same!", top / "d11/link to same")
    for parent, names, files in os.walk(os.fsencode(top), topdown=False):
        for entry in (*names, *files):
            os.utime(os.path.join(parent, entry), ns=(TIME, TIME + 987_654_321), follow_symlinks=False)
    os.utime(top, ns=(TIME, TIME))
    return top


@dataclass(frozen=True)
class Field:
    """A tree and a set of it with second copies; neither may be changed."""

    tree: Path
    set: Path

    def twice(self) -> dict[bytes, tuple[int, ...]]:
        """The files with a second copy, and the numbers of the two volumes."""
        with open_archive(os.fsencode(self.set)) as archive:
            return {
                stored.entry.path: tuple(sorted(volumes_of([stored], spares=True)))
                for stored in archive.listing
                if stored.spares
            }

    def stored(self, path: bytes) -> Stored:
        """An entry as all volumes together have it."""
        with open_archive(os.fsencode(self.set)) as archive:
            return next(stored for stored in archive.listing if stored.entry.path == path)

    def hurt(self, path: bytes, to: Path, *, which: tuple[int, ...]) -> list[Path]:
        """All volumes, with the content of one file spoiled in its first place, its second, or both."""
        stored = self.stored(path)
        paths = volumes(self.set)
        for number, member in enumerate((*stored.members, *stored.spares)):
            if number in which:
                (on,) = volumes_of([stored._replace(members=(member,))])
                data = bytearray(paths[on - 1].read_bytes())
                # All of it: single wrong bytes are put right by the sums of the sectors.
                start = member.stream_offset & (1 << 44) - 1
                for at in range(start, start + member.stream_bytes):
                    data[at] ^= 0x55
                paths[on - 1] = to / f"hurt-{on}.xtar"
                paths[on - 1].write_bytes(data)
        return paths


@pytest.fixture(scope="module")
def field() -> Iterator[Field]:
    with fast_directory() as base:
        tree = plant(base / "tree")
        copied(tree, base / "set")
        yield Field(tree, base / "set")


def extracted(paths: list[Path], to: Path, heard: Monitor, patterns: tuple[bytes, ...] = ()) -> Extracted:
    first, *more = map(os.fsencode, paths)
    with open_archive(first, more, monitor=heard) as archive:
        return restore(archive, patterns, os.fsencode(to), RestoreOptions(workers=1), monitor=heard)


def contents(top: Path) -> dict[bytes, bytes]:
    """All regular files below a directory."""
    base = os.fsencode(top)
    found = (os.path.join(below, name) for below, _, names in os.walk(base) for name in names)
    return {os.path.relpath(path, os.path.dirname(base)): Path(os.fsdecode(path)).read_bytes() for path in found}


def on_volumes(paths: list[Path]) -> dict[bytes, list[tuple[int, bool]]]:
    """On which volumes each file lies, by what each says alone, and whether it is there as a whole."""
    found: dict[bytes, list[tuple[int, bool]]] = {}
    for number, path in enumerate(paths):
        with open_archive(os.fsencode(path), alone=True) as archive:
            for stored in archive.listing:
                if stored.entry.kind is Kind.FILE:
                    found.setdefault(stored.entry.path, []).append((number, not stored.numbers))
    return found


def lost_with(number: int, on: dict[bytes, list[tuple[int, bool]]]) -> set[bytes]:
    """Files of which something lies on a volume, and that none of the others has as a whole."""
    return {
        path
        for path, places in on.items()
        if number in {place for place, _ in places} and not any(whole for place, whole in places if place != number)
    }


def test_of_300_files_270_are_back_whichever_of_ten_volumes_is_lost(room: Path) -> None:
    tree = peers300(room, room, 1.0)
    # In ten volumes; with a smaller share, or without copies, some of them would cost more than 30 files.
    make(tree, room / "set", first=(), size=1_460_000, parity="none", segment_bytes=64 << 10, second_copies="10%")
    paths, whole = volumes(room / "set"), contents(tree)
    assert (len(paths), len(whole)) == (10, 300)
    on = on_volumes(paths)
    for number in range(10):
        gone = lost_with(number, on)
        heard = Monitor()
        out = room / f"out{number}"
        extracted([path for path in paths if path != paths[number]], out, heard)
        assert contents(out / "peers300") == {path: data for path, data in whole.items() if path not in gone}
        assert 300 - len(gone) >= 270
        told = {problem.path: problem.reason for problem in heard.problems if problem.trouble is Trouble.LOST}
        if number < 9:
            assert set(told) == gone
            assert all(f"docs {number + 1}, which is not here" in reason for reason in told.values())
        else:
            # Nobody knows what the last one held.
            assert "docs 9 are not here" in told[b""]
    done = run("extract", *paths[:4], *paths[5:], "--to", room / "by hand")
    assert (done.returncode, len(contents(room / "by hand/peers300"))) == (1, 300 - len(lost_with(4, on)))


@pytest.mark.parametrize("tight", [False, True])
def test_a_lost_volume_costs_what_has_no_second_copy(tight: bool, field: Field, room: Path) -> None:
    made = field.set
    if tight:
        made = room / "set"
        copied(field.tree, made, tight=True)
    paths, whole, on = volumes(made), contents(field.tree), on_volumes(volumes(made))
    extracted(paths, room / "all", heard := Monitor())
    assert heard.problems == []
    assert differences(manifest(field.tree), manifest(room / "all/tree")) == []
    spared = 0
    for number, path in enumerate(paths):
        gone = lost_with(number, on)
        spared += sum(number in {place for place, _ in places} for places in on.values()) - len(gone)
        extracted([each for each in paths if each != path], room / f"out{number}", Monitor())
        found = contents(room / f"out{number}/tree")
        gone |= {b"tree/d11/link to same"} if b"tree/d03/same!" in gone else set()
        assert found == {path: data for path, data in whole.items() if path not in gone}
    assert spared > 40


@pytest.mark.parametrize("tight", [False, True])
def test_resuming_behind_any_volume_gives_the_same_bytes(tight: bool, field: Field, room: Path) -> None:
    copied(field.tree, room / "set", tight=tight)
    paths = volumes(room / "set")
    whole = [path.read_bytes() for path in paths]
    for count in range(1, len(whole) + 1):
        to = room / str(count)
        to.mkdir()
        for path in paths[:count]:
            (to / path.name).hardlink_to(path)
        done = copied(field.tree, to, tight=tight, resume=True)
        assert [path.read_bytes() for path in volumes(to)] == whole, count
        assert sum(volume.files for volume in done.volumes) == len(contents(field.tree)) - 1  # but for the hard link
        assert sum(volume.second_copies for volume in done.volumes) == sum(
            len(places) > 1 and all(whole for _, whole in places) for places in on_volumes(paths).values()
        )
    with pytest.raises(UsageError, match="another second_copies: '8%', not '9%'"):
        sized(field.tree, room / "1", tight=tight, second_copies="9%", resume=True)
    with pytest.raises(UsageError, match="another second_copies: '8%', not None"):
        sized(field.tree, room / "1", tight=tight, resume=True)


def test_any_number_of_workers_gives_the_same_bytes(field: Field, room: Path) -> None:
    copied(field.tree, room, workers=2)
    assert [path.read_bytes() for path in volumes(room)] == [path.read_bytes() for path in volumes(field.set)]


def test_they_are_the_smallest_of_the_volume_before_and_within_their_share(field: Field) -> None:
    paths = volumes(field.set)
    on = on_volumes(paths)
    own: list[dict[bytes, int]] = []
    for number, path in enumerate(paths):
        with open_archive(os.fsencode(path), alone=True) as archive:
            again = {name for name, places in on.items() if len(places) > 1 and places[1] == (number, True)}
            small = [stored for stored in archive.listing if len(stored.members) == 1 and not stored.numbers]
            sizes = {stored.entry.path: stored.members[0].packed_bytes for stored in small}
            inside = [stored for stored in small if stored.entry.path in again]
            assert sum(512 + stored.members[0].packed_bytes for stored in inside) <= 0.08 * SIZE
            if number:
                assert again
                assert again <= own[-1].keys()
                left = [size for name, size in own[-1].items() if name not in again]
                # But for what their directories cost, no smaller one is left out.
                assert not left or sorted(left)[0] > sorted(sizes[name] for name in again)[len(again) // 2]
            assert len(again) < len(archive.listing)
            own.append({name: size for name, size in sizes.items() if name not in again})
    assert all(len(places) == 1 for places in on.values() if places[0][0] == len(paths) - 1)


def stored_in(expanded: Path) -> Iterator[tuple[bytes, bytes]]:
    """Name and bytes of each member for a file alone, and of each file in a bundle."""
    for number, (name, fd) in enumerate(members(expanded)):
        assert fd >= 0
        path = expanded / os.fsdecode(name)
        if not is_bundle(name):
            yield name, path.read_bytes()
        else:
            for file in unbundle(path, expanded / f"bundle {number}"):
                yield os.path.dirname(name) + b"/" + os.fsencode(file.name), file.read_bytes()


def test_members_are_called_the_same_in_both_volumes(field: Field, room: Path) -> None:
    found: dict[bytes, bytes] = {}
    twice = 0
    for number, path in enumerate(volumes(field.set)):
        expand(("tar", "--warning=no-timestamp"), path, room / str(number))
        for name, data in stored_in(room / str(number)):
            twice += name in found
            assert found.setdefault(name, data) == data
    assert twice == len(field.twice())
    assert sum(b".part0" not in name for name in found) == len(contents(field.tree)) - 2
    # Each of the names that are in each other's way is among those that lie there twice.
    awkward = [b"tree/d03/same!", b"tree/d03/same!.7z/tiny", b"tree/d05/" + os.fsencode(LONG), b"tree/d09/holes"]
    assert set(awkward) <= field.twice().keys()


def some_twice(field: Field) -> bytes:
    return next(path for path in field.twice() if path.endswith(b".bin") and field.stored(path).entry.size > 500)


@pytest.mark.parametrize("which", [0, 1])
def test_damage_to_one_of_both_costs_nothing(which: int, field: Field, room: Path) -> None:
    path = some_twice(field)
    hurt = field.hurt(path, room, which=(which,))
    heard = Monitor()
    done = extracted(hurt, room / "out", heard)
    assert heard.problems == []
    assert done.mended == (which == 0)
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == []
    first, *more = map(os.fsencode, hurt)
    with open_archive(first, more) as archive:
        assert b"".join(content(archive, path, monitor=heard)) == contents(field.tree)[path]
        assert b"".join(read_content(archive, path)) == contents(field.tree)[path]
    options = RestoreOptions(workers=1)
    salvaged = salvage([first, *more], os.fsencode(room / "left"), options=options, monitor=heard).restored
    fates = {verdict.path: verdict.fate for verdict in salvaged.verdicts if verdict.fate is not Fate.INTACT}
    assert fates == ({path: Fate.REPAIRED} if which == 0 else {})
    assert salvaged.complete
    assert salvaged.unnamed == []
    assert contents(room / "left/tree") == contents(field.tree)
    done_by_hand = run("verify", *hurt)
    said = done_by_hand.stdout.decode()
    assert done_by_hand.returncode == 3
    assert said.count("damaged, but no content is lost") == 1
    assert f"  damaged here, whole on another volume: {os.fsdecode(path)}" in said.splitlines()
    assert said.splitlines()[-1].endswith("each counted once")
    alone = run("verify", next(volume for volume in hurt if "hurt" in volume.name))
    assert (alone.returncode, f"  lost: {os.fsdecode(path)}" in lines(alone.stdout)) == (4, True)


def test_damage_to_both_is_said(field: Field, room: Path) -> None:
    path = some_twice(field)
    hurt = field.hurt(path, room, which=(0, 1))
    heard = Monitor()
    extracted(hurt, room / "out", heard)
    assert [(problem.path, problem.trouble) for problem in heard.problems] == [(path, Trouble.LOST)]
    assert "; its other copy: " in heard.problems[0].reason
    whole = contents(field.tree)
    del whole[path]
    assert contents(room / "out/tree") == whole
    done = run("verify", *hurt)
    assert done.returncode == 4
    assert lines(done.stdout).count(f"  lost: {os.fsdecode(path)}") == 2
    # On two volumes, and one file.
    assert lines(done.stdout)[-1].endswith("each counted once; 1 file lost")
    names = [os.fsencode(each) for each in hurt]
    salvaged = salvage(names, os.fsencode(room / "left"), options=RestoreOptions(workers=1), monitor=Monitor()).restored
    (verdict,) = salvaged.not_intact
    one, other = field.twice()[path]
    assert f"docs {one}, from another copy or" in verdict.needed
    assert f"docs {other}, from another copy" in verdict.needed


def test_both_volumes_are_named_where_neither_is_here_and_none_is_asked_for_where_one_is(
    field: Field, room: Path
) -> None:
    path, (one, other) = next((path, on) for path, on in field.twice().items() if on[1] < len(volumes(field.set)))
    paths = volumes(field.set)
    heard = Monitor()
    last = paths[-1]
    extracted([last], room / "out", heard, (path,))
    (problem,) = heard.problems
    assert f"docs {one}, which is not here" in problem.reason
    assert f"docs {other}, which is not here" in problem.reason
    for number in (one, other):
        done = run("extract", paths[number - 1], last, path, "--to", room / f"with {number}")
        assert (done.returncode, b"needed" in done.stderr) == (0, False)
        assert contents(room / f"with {number}/tree")[path] == contents(field.tree)[path]


def test_each_file_is_listed_once_and_each_place_told_on_a_disc(field: Field) -> None:
    names = run("list", "--null", field.set).stdout.split(b"\0")[:-1]
    assert len(names) == len(set(names))
    told = [line.path for line in index_lines(open_volume(os.fsencode(volumes(field.set)[-1])))]
    twice = field.twice()
    assert twice
    assert all(told.count(path) == 2 for path in twice)


def test_verify_counts_a_file_in_two_places_once(field: Field) -> None:
    done = run("verify", field.set)
    there = contents(field.tree)
    # One name of two is a hard link.
    files, paths = len(there) - 1, volumes(field.set)
    *each, total = [line for line in lines(done.stdout) if not line.startswith(" ")]
    assert total.startswith(f"docs: {len(paths)} volumes: {files} files, ")
    counts = [int(line.split(": intact: ")[1].split(" file")[0]) for line in each]
    assert sum(counts) >= files + len(field.twice())
    assert all(line.endswith(" on this volume") for line in each)


def test_what_changed_in_between_is_copied_as_it_was(room: Path) -> None:
    tree = plant(room / "tree")
    copied(tree, room / "set")
    path, (one, _) = next(iter(Field(tree, room / "set").twice().items()))
    before = contents(tree)[path]
    for volume in volumes(room / "set")[one:]:
        volume.unlink()
    live = room / os.fsdecode(path)
    live.write_bytes(b"another text")
    heard = Monitor()
    copied(tree, room / "set", resume=True, monitor=heard)
    assert [(problem.path, problem.trouble) for problem in heard.problems] == [(path, Trouble.CHANGED)]
    assert path in Field(tree, room / "set").twice()
    volumes(room / "set")[one - 1].unlink()
    extracted(volumes(room / "set"), room / "out", Monitor())
    assert (room / "out" / os.fsdecode(path)).read_bytes() == before


def test_two_volumes_that_say_otherwise_of_a_file_are_told_and_never_mixed(
    field: Field, room: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = some_twice(field)
    data = contents(field.tree)[path]
    other = bytes(byte ^ 1 for byte in data)
    read = SecondCopies._read

    def forged(self: SecondCopies, file: object, stored: Stored) -> SecondCopy:
        copy = read(self, file, stored)  # type: ignore[arg-type]
        if copy.path != path:
            return copy
        job = PackJob(other, b"x.bin", 0o644, TIME, Method.LZMA2, Compression.FAST)
        return replace(copy, item=copy.item._replace(packed=pack(job)))

    monkeypatch.setattr(SecondCopies, "_read", forged)
    copied(field.tree, room / "set")
    one, _ = field.twice()[path]
    paths = volumes(room / "set")
    for given, there in (
        (paths, {other}),
        (paths[: one - 1] + paths[one:], {other}),
        (paths[:one] + paths[one + 1 :], set()),
    ):
        to = room / f"out{len(list(room.iterdir()))}"
        heard = Monitor()
        extracted(given, to, heard)
        told = {problem.path: problem.reason for problem in heard.problems if "different content" in problem.reason}
        assert told == {path: f"docs {one} and docs {one + 1} have different content of it; the last one counts"}
        found = contents(to / "tree")
        assert ({found[path]} if path in found else set()) == there
        del found
        assert script.main(["extract", *map(os.fspath, given), "--to", f"{to}-by-script"]) == 1
        found = contents(Path(f"{to}-by-script/tree"))
        assert ({found[path]} if path in found else set()) == there
    # Every verb that looks at both says so, of that file only.
    words = f"docs {one} and docs {one + 1} have different content of it".encode()
    for verb in (["list"], ["list", "--json"], ["info"], ["verify"], ["verify", "--deep"]):
        done = run(*verb, room / "set")
        assert done.returncode == 1
        assert words in done.stderr
        assert done.stderr.count(words) == done.stderr.count(path + b": ") > 0
    assert words in run("list", room / "set", path).stderr
    other_path = next(each for each in field.twice() if each != path)
    assert run("list", room / "set", other_path).returncode == 0
    heard = Monitor()
    assert path in {stored.entry.path for stored in pybackup.list(room / "set", monitor=heard)}
    assert [problem.path for problem in heard.problems] == [path]
    assert [problem.path for problem in pybackup.info(room / "set").doubts] == [path]
    for deep in (False, True):
        heard = Monitor()
        pybackup.verify_set([room / "set"], deep=deep, workers=1, monitor=heard)
        assert [(problem.path, problem.trouble) for problem in heard.problems] == [(path, Trouble.CONTRADICTORY)]
    # Of a volume that was hurt there, the other one is no second copy.
    hurt = Field(field.tree, room / "set").hurt(path, room, which=(0,))
    extracted(hurt, room / "hurt", heard := Monitor())
    assert path in {problem.path for problem in heard.problems if problem.trouble is Trouble.LOST}
    assert path not in contents(room / "hurt/tree")


def test_the_rescue_script_agrees(field: Field, room: Path, capsys: pytest.CaptureFixture[str]) -> None:
    paths, whole, on = volumes(field.set), contents(field.tree), on_volumes(volumes(field.set))
    for number in (0, 2, len(paths) - 2):
        out = room / f"without {number}"
        here = [os.fspath(each) for each in paths if each != paths[number]]
        assert script.main(["extract", *here, "--to", os.fspath(out)]) == 1
        gone = lost_with(number, on)
        gone |= {b"tree/d11/link to same"} if b"tree/d03/same!" in gone else set()
        assert contents(out / "tree") == {path: data for path, data in whole.items() if path not in gone}
    path = some_twice(field)
    for which in ((0,), (1,), (0, 1)):
        hurt = [os.fspath(each) for each in field.hurt(path, room, which=which)]
        capsys.readouterr()
        assert script.main(["verify", *hurt]) == 1
        said = capsys.readouterr().err
        assert said.count("; its other copy is right") == (len(which) == 1)
        assert said.count("; its other copy: ") == (len(which) == 2)
        for command in ("extract", "salvage"):
            to = room / f"{command}{which}"
            assert script.main([command, *hurt, "--to", os.fspath(to)]) == (len(which) == 2)
            back = contents(to / "tree")
            assert (path in back) == (len(which) == 1)
            assert {name: data for name, data in back.items() if not name.endswith(b".partial")} == {
                name: data for name, data in whole.items() if name in back
            }


def test_from_python_together_with_a_recovery_volume(field: Field, room: Path) -> None:
    made = pybackup.create_set(
        field.tree,
        room / "set",
        2 * SIZE,
        name="docs",
        recovery_volumes=1,
        second_copies="20%",
        segment_size=64 << 10,
        parity="none",
        workers=1,
    )
    assert sum(volume.second_copies for volume in made.volumes) > 60
    paths = volumes(room / "set")
    assert len(paths) == len(made.volumes)
    paths.pop(1)
    heard = Monitor()
    extracted(paths, room / "out", heard)
    assert heard.problems == []
    assert differences(manifest(field.tree), manifest(room / "out/tree")) == []


def test_copies_alone_make_no_volume(room: Path) -> None:
    chance = random.Random(4)
    (room / "tree").mkdir()
    for number in range(30):
        (room / f"tree/{number:02}").write_bytes(chance.randbytes(12_000))
    for size in (380_000, 390_000, 400_000):
        done = sized(room / "tree", room / f"set{size}", size=size, second_copies="50%")
        assert all(volume.files for volume in done.volumes)
        one = sized(room / "tree", room / f"one{size}", size=size)
        assert len(done.volumes) <= len(one.volumes) + 1
    done = sized(room / "tree", room / "single", size=1_000_000, second_copies="50%")
    assert [(volume.files, volume.second_copies) for volume in done.volumes] == [(30, 0)]


def test_copies_behind_the_last_file_that_waited_are_made_too(room: Path) -> None:
    chance = random.Random(6)
    (room / "tree").mkdir()
    for name, n_bytes in (("a", 300_000), ("b", 150_000), ("c", 2_000)):
        (room / "tree" / name).write_bytes(chance.randbytes(n_bytes))
    copied(room / "tree", room / "set", tight=True, segment_bytes=MIB)
    assert on_volumes(volumes(room / "set")) == {
        b"tree/a": [(0, True)],
        b"tree/b": [(1, True)],
        b"tree/c": [(0, True), (1, True)],
    }


def test_a_large_file_goes_before_copies_that_would_take_its_room(room: Path) -> None:
    chance = random.Random(5)
    (room / "tree").mkdir()
    for number in range(20):
        (room / f"tree/a{number:02}").write_bytes(chance.randbytes(9_000))
    (room / "tree/b").write_bytes(chance.randbytes(170_000))
    tried = partial(sized, room / "tree", size=204_000, segment_bytes=1 << 20)
    tried(room / "without")
    done = tried(room / "set", second_copies="50%")
    assert [volume.files for volume in done.volumes][-1] == 1
    extract(room / "set", room / "out")
    assert contents(room / "out/tree") == contents(room / "tree")


def test_shares_that_are_none_are_refused(room: Path) -> None:
    for text in ("", "0%", "51%", "5", "64M", "none", "%", "fill", 5):
        with pytest.raises(UsageError):
            parse_share(text)
    (room / "tree").mkdir()
    done = run("create", "tree", "--second-copies", "5%", cwd=room)
    assert (done.returncode, b"--second-copies is for volumes" in done.stderr) == (2, True)
    done = run("create", "tree", "--volumes", "set", "--volume-size", "2M", "--second-copies", "5%", cwd=room)
    assert (done.returncode, b"second cop" in done.stdout) == (0, False)
