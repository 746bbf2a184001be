"""The verbs for recovery volumes: their messages and exit statuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from kit.command import lines, parsed, run
from kit.small_sets import contents, small_set
from kit.trees import plant_noise

from pybackup.cli.main import main


def test_all_are_brought_back(room: Path) -> None:
    whole = small_set()
    whole.write(room / "given", {"docs-003.xtar": None, "docs-R02.xtar": None})
    done = run("rebuild", "given", "--to", "to", cwd=room)
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines(done.stdout) == [
        "docs 1: whole, given/docs-001.xtar",
        "docs 2: whole, given/docs-002.xtar",
        "docs 3: rebuilt, to/docs-003.xtar",
        "docs 4: whole, given/docs-004.xtar",
        "docs R1: whole, given/docs-R01.xtar",
        "docs R2: rebuilt, to/docs-R02.xtar",
    ]
    assert contents(room / "to") == {name: whole.volumes[name] for name in ("docs-003.xtar", "docs-R02.xtar")}
    again = run("rebuild", "given", "--to", "to", cwd=room)
    assert (again.returncode, again.stderr) == (0, b"")
    assert "docs 3: whole, to/docs-003.xtar" in lines(again.stdout)
    (room / "to" / "docs-003.xtar").write_bytes(b"something else")
    other = run("rebuild", "given", "--to", "to", cwd=room)
    assert (other.returncode, other.stdout) == (2, b"")
    assert b"to/docs-003.xtar: exists; --overwrite replaces it" in other.stderr


def test_quiet_says_nothing_where_all_is_well(room: Path) -> None:
    small_set().write(room / "given", {"docs-003.xtar": None})
    done = run("rebuild", "given", "--to", "to", "--quiet", cwd=room)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


@pytest.mark.parametrize("quiet", [True, False])
def test_what_cannot_be_brought_back_is_named_with_what_would_help(quiet: bool, room: Path) -> None:
    given = small_set().write(room / "given", dict.fromkeys(("docs-001.xtar", "docs-002.xtar", "docs-R02.xtar")))
    hurt = given / "docs-004.xtar"
    hurt.write_bytes(bytes(3000) + hurt.read_bytes()[3000:])
    done = run("rebuild", "given", "--to", "to", *(["--quiet"] if quiet else []), cwd=room)
    assert done.returncode == 4
    said = lines(done.stdout)
    assert said[-1] == "any 1 of these would bring back the rest: docs 1, docs 2, docs R2"
    assert any(line.startswith("docs 1: not here, and beyond what the others give back; ") for line in said)
    assert "docs R2: not here, and beyond what the others give back" in said
    # What own parity can do is done.
    assert ("docs 4: repaired from given/docs-004.xtar, to/docs-004.xtar" in said) == (not quiet)
    assert ("docs 3: whole, given/docs-003.xtar" in said) == (not quiet)
    assert contents(room / "to") == {"docs-004.xtar": small_set().volumes["docs-004.xtar"]}


def test_the_one_volume_that_would_help(room: Path) -> None:
    small_set(recovery_volumes=1).write(room / "given", {"docs-001.xtar": None, "docs-R01.xtar": None})
    done = run("rebuild", "given", "--to", "to", cwd=room)
    assert done.returncode == 4
    assert (
        b"docs: no recovery volume was given, or too little is left of it; with one, lost volumes could be restored"
        in done.stderr
    )
    assert lines(done.stdout) == [
        "docs 1: not here, and beyond what the others give back",
        "docs 2: whole, given/docs-002.xtar",
        "docs 3: whole, given/docs-003.xtar",
        "docs 4: whole, given/docs-004.xtar",
    ]


def test_json_has_all_of_it(room: Path) -> None:
    small_set().write(room / "given", dict.fromkeys(("docs-001.xtar", "docs-002.xtar", "docs-R02.xtar")))
    done = run("rebuild", "given", "--to", "to", "--json", cwd=room)
    assert done.returncode == 4
    found = parsed(done)
    assert (found["complete"], found["needed"], found["helpful"]) == (False, 1, ["docs 1", "docs 2", "docs R2"])
    first, *_, last = found["volumes"]
    assert first == {
        "label": "docs 1",
        "kind": "data",
        "number": 1,
        "outcome": "beyond",
        "given": None,
        "path": None,
        "lost_sectors": first["lost_sectors"],
        "left_sectors": first["left_sectors"],
    }
    assert first["lost_sectors"] > first["left_sectors"] > 10
    assert (last["label"], last["kind"], last["outcome"]) == ("docs R2", "recovery", "beyond")
    assert found["problems"] == []


def test_a_file_that_is_no_volume_is_a_problem(room: Path) -> None:
    """More ruined files are given than volumes are rebuilt, so one may have been a volume that no index lists."""
    small_set().write(room / "given", {"docs-001.xtar": None})
    for name in ("stray", "other"):
        (room / name).write_bytes(b"x" * 5000)
    done = run("rebuild", "given", "stray", "other", "--to", "to", cwd=room)
    assert done.returncode == 1
    assert b"stray: refused: nothing of a volume is in it" in done.stderr
    assert b"other: refused: nothing of a volume is in it" in done.stderr
    assert list(contents(room / "to")) == ["docs-001.xtar"]


@pytest.mark.parametrize("name", ["docs-001.xtar", "docs-R02.xtar"])
@pytest.mark.parametrize("is_left", [False, True])
def test_a_ruined_volume_that_is_rebuilt_is_no_problem(name: str, is_left: bool, room: Path) -> None:
    """Regression: it ended with status 1 although all volumes were intact, so that cron sent a mail every night."""
    whole = small_set()
    data = bytearray(whole.volumes[name])
    # Its first header tells which it is, and no more is left; or nothing at all is.
    data[512 if is_left else 0 :] = bytes(len(data) - (512 if is_left else 0))
    whole.write(room / "given", {name: None})
    (room / "ruined.xtar").write_bytes(data)
    words = ("rebuild", "given", "ruined.xtar", "--to", "to")
    done = run(*words, cwd=room)
    assert done.returncode == 0, done.stderr
    assert contents(room / "to") == {name: whole.volumes[name]}
    assert is_left or b"note: ruined.xtar: nothing of a volume is in it; it was not needed" in done.stderr
    # So it is the next night, when what was rebuilt is there already.
    again = run(*words, "--quiet", cwd=room)
    assert (again.returncode, again.stdout, again.stderr) == (0, b"", b"")
    # But where all are given, nothing accounts for the file.
    assert is_left or run("rebuild", "given", "to", "ruined.xtar", "--to", "to", cwd=room).returncode == 1


def test_a_ruined_volume_is_a_problem_where_not_all_is_rebuilt(room: Path) -> None:
    whole = small_set()
    whole.write(room / "given", dict.fromkeys(("docs-001.xtar", "docs-002.xtar", "docs-R02.xtar")))
    (room / "ruined.xtar").write_bytes(bytes(5000))
    done = run("rebuild", "given", "ruined.xtar", "--to", "to", cwd=room)
    assert done.returncode == 4
    assert b"ruined.xtar: refused: nothing of a volume is in it" in done.stderr


def test_missing_paths_are_wrong_usage(room: Path) -> None:
    done = run("rebuild", "nowhere", "--to", "to", cwd=room)
    assert done.returncode == 2
    assert b"nowhere: no such file" in done.stderr
    assert run("rebuild", "nowhere", cwd=room).returncode == 2


def test_volumes_are_created_with_recovery_volumes(room: Path) -> None:
    plant_noise(room / "top")
    sizes = ["--volume-size", "130000", "--first-volumes", "200000"]
    words = ["create", "top", "--volumes", "set", *sizes, "--recovery-volumes", "2", "--name", "docs"]
    done = run(*words, "--workers", "1", cwd=room)
    assert done.returncode == 0, done.stderr
    made = contents(room / "set")
    assert list(made) == list(small_set().volumes)
    assert lines(done.stdout)[-1].startswith("set/docs-R02.xtar: docs R2, ")
    (room / "set/docs-001.xtar").unlink()
    (room / "set/docs-004.xtar").unlink()
    assert run("rebuild", "set", "--to", "to", "--quiet", cwd=room).returncode == 0
    assert contents(room / "to") == {name: made[name] for name in ("docs-001.xtar", "docs-004.xtar")}
    done = run("create", "top", "-o", "one.xtar", "--recovery-volumes", "2", cwd=room)
    assert done.returncode == 2
    assert b"--recovery-volumes is for volumes: add --volumes DIR" in done.stderr


def test_recovery_volumes_are_added(room: Path) -> None:
    small_set().write(room / "set")
    done = run("protect", "set", "--recovery-volumes", "1", cwd=room)
    assert done.returncode == 0
    assert lines(done.stdout)[0].startswith("set/docs-R03.xtar: docs R3, ")
    assert b"docs: 1 recovery volume for 4 data volumes of " in done.stderr
    done = run("protect", "set", "--recovery-volumes", "1", "--json", "--to", "more", cwd=room)
    (made,) = parsed(done)["recovery_volumes"]
    assert (made["number"], made["label"]) == (4, "docs R4")
    assert made["archive_bytes"] == (room / "more/docs-R04.xtar").stat().st_size
    done = run("protect", "set", "--recovery-volumes", "1", "--first-number", "9", "--to", "more", "--quiet", cwd=room)
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")
    assert sorted(contents(room / "more")) == ["docs-R04.xtar", "docs-R09.xtar"]
    done = run("verify", "more/docs-R09.xtar", cwd=room)
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["a", "b"], "one FILE at a time; for volumes of a set add --recovery-volumes M"),
        (["a", "--to", "d"], "--to is for recovery volumes"),
        (["a", "--volume-size", "cd700"], "--volume-size is for recovery volumes"),
        (["a", "--first-number", "3"], "--first-number is for recovery volumes"),
        (["a", "--recovery-volumes", "1", "-o", "x"], "-o names a sidecar"),
        (["set", "--recovery-volumes", "0"], "not a whole number of 1 or more"),
        (["set", "--recovery-volumes", "1", "--volume-size", "60000"], "bytes, but 60000 fit"),
        (["set", "--recovery-volumes", "70000"], "no code has 4 data volumes and a recovery volume 70002"),
    ],
)
def test_what_does_not_go_together(
    words: list[str], reason: str, room: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    small_set().write(room / "set")
    before = contents(room / "set")
    monkeypatch.chdir(room)
    assert main(["protect", *words]) == 2
    assert reason in capsys.readouterr().err
    assert contents(room / "set") == before


def test_from_images_of_discs(room: Path) -> None:
    """One image is lost, another has lost its first 64 KiB: the rebuilt volumes are as before they went on discs."""
    whole = small_set()
    whole.write(room / "set")
    done = run("disc", "build", "set", "--to", "discs", "--medium", "2000000", "--quiet", cwd=room)
    assert done.returncode == 0, done.stderr
    names = sorted(path.name for path in (room / "discs").iterdir())
    assert names == [f"{Path(name).stem}.iso" for name in whole.volumes]
    (room / "discs" / names[0]).unlink()
    hurt = room / "discs" / names[2]
    hurt.write_bytes(bytes(65_536) + hurt.read_bytes()[65_536:])
    done = run("rebuild", "discs", "--to", "to", cwd=room)
    assert done.returncode == 0, done.stderr
    assert contents(room / "to") == {name: whole.volumes[name] for name in ("docs-001.xtar", "docs-003.xtar")}
    assert "docs 3: repaired from discs/docs-003.iso, to/docs-003.xtar" in lines(done.stdout)
