"""What is said of a damaged archive: whether anything is lost comes first, and is what a salvage comes to."""

from __future__ import annotations

import os
import random
import tempfile
from pathlib import Path

import pytest
from kit.command import run
from kit.damage import zero_sectors
from kit.discs import MIB, SECTOR, build
from kit.memory import fast_directory
from kit.sets import make_volumes
from kit.trees import plant_for_discs

from pybackup.check.verdict import ArchiveVerdict
from pybackup.check.verify import verify
from pybackup.cli.main import main
from pybackup.host.storage import ArchiveFile
from pybackup.jobs.salvage import salvage
from pybackup.mend.health import State
from pybackup.model.verdict import Fate
from pybackup.monitor import Monitor
from pybackup.parity.stream.dealing import Dealing
from pybackup.parity.stream.find import glance
from pybackup.restore.plan import RestoreOptions


def archive(tree: Path, made: Path, *options: str) -> None:
    done = run("create", tree, "-o", made, "--quiet", *options)
    assert done.returncode == 0, done.stderr


def hurt_groups(path: Path, seed: int) -> None:
    """More of the data of the first group than its parity mends, and a little of that of all others."""
    with ArchiveFile(os.fsencode(path)) as file:
        shape = glance(file)
    assert shape is not None
    assert shape.groups > 2
    chance = random.Random(seed)
    for group in range(shape.groups):
        stored = [number for number in Dealing(shape).data_numbers(group).tolist() if number > 100]
        zero_sectors(path, chance.sample(stored, shape.parity_shards + 2 if group == 0 else 2))


def salvaged(path: Path, to: Path) -> tuple[set[bytes], set[bytes]]:
    """Files that came back by repair, and those that did not come back whole."""
    done = salvage([os.fsencode(path)], os.fsencode(to), options=RestoreOptions(workers=1), monitor=Monitor()).restored
    repaired = {each.path for each in done.not_intact if each.fate is Fate.REPAIRED}
    return repaired, {each.path for each in done.not_intact} - repaired


def mendable(verdict: ArchiveVerdict) -> set[bytes]:
    return {file.path for file in verdict.not_intact if file.fate is Fate.REPAIRED}


def check(path: Path, to: Path) -> ArchiveVerdict:
    verdict = verify(os.fsencode(path), workers=1, monitor=Monitor())
    repaired, lost = salvaged(path, to)
    assert set(verdict.lost) == lost
    assert mendable(verdict) <= repaired
    assert {*verdict.lost, *mendable(verdict)} == {*verdict.files_damaged}
    return verdict


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("is_image", [False, True])
def test_what_is_lost_is_what_a_salvage_does_not_bring_back(seed: int, is_image: bool) -> None:
    """All damaged files were called lost, also those that the parity of their own group brings back."""
    with fast_directory() as room:
        tree = plant_for_discs(room / "tree", n_bytes=2 * MIB, seed=seed)
        for number in range(150):
            (tree / f"{number}.bin").write_bytes(random.Random(number).randbytes(3000))
        made = room / "docs.xtar"
        archive(tree, made, "--group-sectors", "256")
        path = Path(os.fsdecode(build(made, room / "images").path)) if is_image else made
        if is_image:
            # The parity of a small image is one group.
            with path.open("rb") as image:
                begin = image.read().index(made.read_bytes()[:SECTOR]) // SECTOR
            chance = random.Random(seed)
            zero_sectors(path, (begin + number for number in chance.sample(range(20, 1200), 500)))
        else:
            hurt_groups(path, seed)
        verdict = check(path, room / "out")
        assert verdict.state is State.BEYOND
        assert verdict.lost
        assert bool(mendable(verdict)) == (not is_image)
        done = run("verify", path)
        first, *rest = done.stdout.decode().splitlines()
        assert f"{path}: damaged beyond repair, {len(verdict.lost)} of {verdict.files} files lost" in first
        assert "'pybackup salvage' restores what is left" in first
        for lost in verdict.lost:
            assert [line for line in rest if os.fsdecode(lost) in line] == [f"  lost: {os.fsdecode(lost)}"]
        for back in mendable(verdict):
            assert [line for line in rest if os.fsdecode(back) in line] == [f"  needs repair: {os.fsdecode(back)}"]
        assert done.stderr == b""


def test_a_set_of_which_a_damaged_disc_was_given(tmp_path: Path) -> None:
    """It was called "not here", though it was: its headers tell which it is, and without them nothing does."""
    volumes = make_volumes(
        plant_for_discs(tmp_path / "tree", n_bytes=6 * MIB), tmp_path / "set", [2 * MIB], parity="none"
    )
    assert len(volumes) > 2
    whole = volumes[1].read_bytes()
    end = whole.rindex(b".pybackup/set\0")
    volumes[1].write_bytes(bytes(4096) + whole[4096:end])
    for verb in ("verify", "check"):
        done = run(*(("disc", "check") if verb == "check" else ("verify",)), *volumes)
        assert done.returncode == 4
        assert f"{volumes[1]}: docs 2, too damaged to tell what is on it" in done.stderr.decode()
        assert b"not here" not in done.stderr
    volumes[1].write_bytes(bytes(len(whole)))
    done = run("disc", "check", *volumes)
    said = "these volumes are not here: docs 2, unless they are among what is too damaged to tell what it is"
    assert f"{said}: {volumes[1]}" in done.stderr.decode()
    volumes[1].unlink()
    done = run("disc", "check", volumes[0], *volumes[2:])
    assert done.stderr == b"pybackup: note: of docs these volumes are not here: docs 2\n"


def as_nobody(*arguments: str | Path) -> int:
    """The command line in this process, as a user who may read little."""
    status = main(list(map(str, arguments)))  # imports what it needs
    user = os.geteuid()
    os.seteuid(65534 if user == 0 else user)
    try:
        return main(list(map(str, arguments)))
    finally:
        os.seteuid(user)
        assert status == (0 if user == 0 else 5)


@pytest.mark.parametrize("verb", [("disc", "check"), ("verify",)])
def test_what_may_not_be_read_is_no_damaged_disc(verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """It was status 4, "copy it with ddrescue"; and `verify` looked at no other one."""
    # What is above the directory for tests may be closed to others.
    with tempfile.TemporaryDirectory() as name:
        (room := Path(name)).chmod(0o755)
        secret, other = room / "secret.xtar", room / "other.xtar"
        archive(plant_for_discs(room / "tree"), other)
        other.chmod(0o644)
        secret.write_bytes(other.read_bytes())
        secret.chmod(0)
        assert as_nobody(*verb, secret, other) == 5
        said = "".join(capsys.readouterr())
        assert "Permission denied" in said
        assert said.count(f"{other}: intact") == 2
        assert "ddrescue" not in said


@pytest.mark.parametrize("verb", [("disc", "check"), ("verify",)])
def test_in_a_directory_one_that_may_not_be_read_ends_nothing(
    verb: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """It did, before any was looked at."""
    with tempfile.TemporaryDirectory() as name:
        (room := Path(name)).chmod(0o755)
        secret, other = room / "secret.xtar", room / "other.xtar"
        archive(plant_for_discs(room / "tree"), other)
        other.chmod(0o644)
        secret.write_bytes(other.read_bytes())
        secret.chmod(0)
        assert as_nobody(*verb, room) == 5
        said = "".join(capsys.readouterr())
        assert "Permission denied" in said
        assert said.count(f"{other}: intact") == 2
        # Nor does it end any other verb; it is told.
        secret.write_bytes(bytes(100))
        assert as_nobody("list", room) == 1
        listed = capsys.readouterr()
        names = listed.out.split("\n")
        assert len(names) > 10
        assert names[: len(names) // 2] == names[len(names) // 2 : -1]
        assert f"{secret}: unreadable: Permission denied" in listed.err


def test_extract_says_which_discs_to_burn_again(tmp_path: Path) -> None:
    volumes = make_volumes(plant_for_discs(tmp_path / "tree"), tmp_path / "set", [MIB, 2 * MIB])
    data = volumes[1].read_bytes()
    volumes[1].write_bytes(data[:200_000] + bytes(8000) + data[208_000:])
    done = run("extract", tmp_path / "set", "--to", tmp_path / "out")
    assert done.returncode == 0
    assert b"came back by parity or other copies; burn or copy again what is damaged or lost: docs 2\n" in done.stderr
    (alone := tmp_path / "alone.xtar").parent.mkdir(exist_ok=True)
    archive(tmp_path / "tree", alone)
    data = alone.read_bytes()
    alone.write_bytes(data[:200_000] + bytes(8000) + data[208_000:])
    done = run("extract", alone, "--to", tmp_path / "once more")
    assert done.returncode == 0
    assert f"burn or copy again what is damaged or lost: {alone}\n" in done.stderr.decode()


def test_salvage_says_first_what_is_not_back(tmp_path: Path) -> None:
    made = tmp_path / "docs.xtar"
    archive(plant_for_discs(tmp_path / "tree"), made, "--parity", "none")
    zero_sectors(made, range(40, 60))
    done = run("salvage", made, "--to", tmp_path / "out")
    assert done.returncode == 1
    first, *rest = done.stdout.decode().splitlines()
    gone = [line for line in rest if line.startswith(("lost: ", "partial: "))]
    assert gone
    assert "from another copy, even a damaged one" in first
    assert "or take these files from where else they are" in first
    assert sum(line.startswith("lost: ") for line in gone) == (int(first.split()[0]) if " lost" in first else 0)
    assert not any(line.startswith("damaged: ") for line in rest[: len(gone)])
    assert " of , from" not in done.stdout.decode()
