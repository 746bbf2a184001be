"""The JSON of each verb: its keys in order, and the type of each value."""

from __future__ import annotations

import io
import json
import os
import random
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from pybackup.cli import verbs
from pybackup.cli.main import main
from pybackup.stage.state_file import open_state

FORMS = Path(__file__).with_name("json_forms.json")
TIME = 1_700_000_000 * 10**9
# In this order, in one directory; where there are two of a verb, the second one shows what the first cannot.
COMMANDS = {
    "create": "create tree -o made.xtar --workers 1 --catalogue none",
    "create, dry": "create tree -o dry.xtar --workers 1 --dry-run --verbose --exclude *.tmp",
    "create, set": "create tree --volumes volumes --volume-size 1M --workers 1 --recovery-volumes 1",
    "list": "list made.xtar",
    "info": "info made.xtar",
    "info, set": "info volumes",
    "extract": "extract made.xtar --to back --workers 1",
    "extract, dry": "extract made.xtar --to dry --dry-run",
    "restore": "restore made.xtar --to restored --workers 1",
    "restore, plan": "restore made.xtar --plan",
    "chain merge": "chain merge made.xtar -o merged.xtar --workers 1 --catalogue none",
    "diff": "diff made.xtar other",
    "export": "export made.xtar --to made.zip",
    "unpack": "unpack made.xtar --to members",
    "verify": "verify made.xtar --against tree",
    "verify, different": "verify made.xtar --against other",
    "protect, set": "protect volumes --recovery-volumes 1 --to added",
    "verify, damaged": "verify hurt.xtar",
    "verify, set": "verify volumes",
    "protect": "protect other/b.txt",
    "repair": "repair shifted.xtar made.xtar -o repaired.xtar",
    "rebuild": "rebuild volumes added --to rebuilt",
    "salvage": "salvage hurt.xtar --to salvaged --workers 1",
    "salvage, lost": "salvage lost.xtar --to found --workers 1",
    "forecast": "forecast made.xtar --sweep",
    "drill": "drill made.xtar --rounds 1 --damage burst --workers 1",
    "disc plan": "disc plan tree --volume-size cd700 --workers 1 --recovery-volumes 1",
    "disc build": "disc build made.xtar --to images",
    "disc burn": "disc burn images/made.iso --device stdio:disc --verify",
    "disc check": "disc check disc",
    "disc label": "disc label volumes --to labels",
    "structure save": "structure save tree -o structure",
    "structure restore": "structure restore structure --to skeleton",
    "snapshot run": "snapshot run tree snapshots --name first",
    "snapshot run, dry": "snapshot run tree snapshots --name second --dry-run",
    "snapshot list": "snapshot list snapshots --sizes",
    "snapshot diff": "snapshot diff other tree",
    "snapshot verify": "snapshot verify snapshots",
    "snapshot verify, rot": "snapshot verify snapshots",
    "snapshot prune": "snapshot prune snapshots --keep last=1",
    "stage init": "stage init watched --staging staging --medium 4M --settle 0 --parity 5%",
    "stage scan": "stage scan staging --workers 1 --catalogue none",
    "stage close": "stage close staging --workers 1 --catalogue none",
    "stage scan, again": "stage scan staging --workers 1 --catalogue none",
    "stage status": "stage status staging",
    "stage scan, later": "stage scan staging --workers 1 --catalogue none",
    "stage status, waiting": "stage status staging",
    "stage verify": "stage verify staging",
    "stage lost": "stage lost staging 1",
    "run": "run work --config jobs.toml",
    "run, dry": "run work --config jobs.toml --comment other --dry-run",
    "jobs init": "jobs init -o first.toml",
    "jobs list": "jobs list --config jobs.toml",
    "jobs show": "jobs show work --config jobs.toml",
    "jobs check": "jobs check --config wrong.toml",
    "jobs log": "jobs log work",
    "jobs status": "jobs status --config jobs.toml",
    "jobs tell": "jobs tell work --config jobs.toml",
    "jobs timers": "jobs timers --config jobs.toml",
    "catalogue init": "catalogue init",
    "catalogue add": "catalogue add volumes --place shelf",
    "catalogue add, tree": "catalogue add tree --label drive --no-hash",
    "catalogue hash": "catalogue hash drive",
    "catalogue add, again": "catalogue add tree --label drive",
    "catalogue list": "catalogue list",
    "catalogue show": "catalogue show drive",
    "catalogue find": "catalogue find film*",
    "catalogue whereis": "catalogue whereis film.bin",
    "catalogue history": "catalogue history tree/film.bin",
    "catalogue files": "catalogue files drive",
    "catalogue check": "catalogue check other --all",
    "catalogue at-risk": "catalogue at-risk",
    "catalogue at-risk, files": "catalogue at-risk --files",
    "catalogue due": "catalogue due",
    "catalogue move": "catalogue move drive attic",
    "catalogue lost": "catalogue lost drive",
    "catalogue found": "catalogue found drive",
    "create, chain": "create other -o run.xtar --chain docs --workers 1",
    "create, chain again": "create other -o again.xtar --chain docs --level full --workers 1",
    "catalogue prune": "catalogue prune docs --keep last=1",
    "catalogue refresh": "catalogue refresh drive",
    "catalogue refresh, to": "catalogue refresh again --to fresh",
    "catalogue export": "catalogue export exported.sqlite",
    "catalogue import": "catalogue import exported.sqlite",
    "catalogue verify": "catalogue verify drive",
    "catalogue verify, against": "catalogue verify drive --against other",
    "catalogue remove": "catalogue remove drive",
    "catalogue upgrade": "catalogue upgrade",
    "catalogue rebuild": "catalogue rebuild volumes --catalogue sqlite:///new.db",
}
SILENT = {"completion", "mount"}  # has nothing to tell; tells it when it is unmounted (tests/fuse)


def kind_of(value: Any) -> Any:
    """Return the form of a value: a name, an object with its keys, or a list with the forms of its items."""
    if isinstance(value, dict):
        return "name" if [*value] in (["text"], ["bytes"]) else {key: kind_of(each) for key, each in value.items()}
    if isinstance(value, list):
        kinds: list[Any] = []
        for kind in map(kind_of, value):
            if kind not in kinds:
                kinds.append(kind)
        return sorted(kinds, key=str)
    return type(value).__name__


def told(command: str) -> list[Any]:
    out = io.TextIOWrapper(io.BytesIO(), "utf-8")
    said = io.StringIO()
    with redirect_stdout(out), redirect_stderr(said):
        main([*command.split(), "--json"])
    assert "Traceback" not in said.getvalue()
    out.seek(0)
    lines = [json.loads(line) for line in out.read().splitlines()]
    assert lines, (command, said.getvalue())
    return lines


def plant(base: Path) -> None:
    chance = random.Random(6)
    for number in range(6):
        path = base / f"tree/{number % 3}/{number}.bin"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(chance.randbytes(100_000))
    (base / "tree/film.bin").write_bytes(chance.randbytes(1_500_000))
    (base / "tree/left.tmp").write_bytes(b"out")
    os.symlink("film.bin", base / "tree/link")
    (base / "other").mkdir()
    (base / "other/b.txt").write_text("b\n")
    job = '[notify.monitor]\nping = "http://127.0.0.1:1/"\non = ["skipped"]\n'
    job += '[job.work]\nsources = ["tree"]\noutput = "{job}-{comment}.xtar"\nnotify = ["monitor"]\n'
    job += '[[job.work.hook]]\nafter = "run"\nrun = ["true"]\n'
    (base / "jobs.toml").write_text(job)
    (base / "wrong.toml").write_text(job + "sorces = 1\n")
    for name in ("jobs.toml", "wrong.toml"):
        (base / name).chmod(0o644)
    for path in (*base.rglob("*"), base):
        os.utime(path, ns=(TIME, TIME), follow_symlinks=False)


def damage(base: Path) -> None:
    """Make an archive damaged beyond its parity, one without indexes and first header, and one with bytes appended."""
    data = bytearray((base / "made.xtar").read_bytes())
    data[100_000:600_000] = bytes(500_000)
    (base / "hurt.xtar").write_bytes(data)
    data[:40_000] = bytes(40_000)
    (base / "lost.xtar").write_bytes(data[: 3 * len(data) // 4])
    whole = (base / "made.xtar").read_bytes()
    (base / "shifted.xtar").write_bytes(whole[:200_000] + b"more" * 128 + whole[200_000:])
    (base / "volumes/tree-002.xtar").unlink()


def change(base: Path) -> None:
    (base / "tree/film.bin").write_bytes(b"short")
    os.utime(base / "tree/film.bin", ns=(TIME, TIME))


def rot(base: Path) -> None:
    """Give a file of a snapshot another content of the same size and mtime."""
    path = next((base / "snapshots/first").glob("*/*.bin"))
    status = path.stat()
    path.write_bytes(bytes(status.st_size))
    os.utime(path, ns=(status.st_atime_ns, status.st_mtime_ns))


def watch(base: Path) -> None:
    """Make a directory for a stage to watch."""
    (base / "watched").mkdir()
    for name in ("one", "two"):
        (base / "watched" / name).write_text(f"this is {name}")


def let_wait(base: Path) -> None:
    """Make a file that a scan cannot stage: it has just been changed."""
    with open_state(os.fsencode(base / "staging")) as state:
        state.save(replace(state.settings, settle_ns=3600 * 10**9))
        state.commit()
    (base / "watched" / "late").write_text("this is late")


def move(base: Path) -> None:
    """Rename a file, copy one, and add one that is longer than a disc."""
    watched = base / "watched"
    os.rename(watched / "one", watched / "moved")
    (watched / "twin").write_text("this is two")
    with open(watched / "long", "wb") as file:
        file.truncate(5_000_000)


BEFORE = {
    "snapshot verify, rot": rot,
    "create": plant,
    "verify, damaged": damage,
    "catalogue add, again": change,
    "stage init": watch,
    "stage scan, again": move,
    "stage scan, later": let_wait,
}


@pytest.fixture(scope="module")
def forms(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[Any]]:
    """Return the form of the JSON that each command prints."""
    base = tmp_path_factory.mktemp("json")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(base)
        patch.setenv("XDG_CONFIG_HOME", str(base / "none"))
        patch.setenv("XDG_STATE_HOME", str(base / "state"))
        patch.setenv("PYBACKUP_CATALOGUE", str(base / "catalogue.sqlite"))
        lines = {}
        for name, command in COMMANDS.items():
            BEFORE.get(name, lambda _: None)(base)
            lines[name] = told(command.replace("sqlite:///", f"sqlite:///{base}/"))
    return {name: kind_of(each) for name, each in lines.items()}


@pytest.mark.parametrize("name", COMMANDS)
def test_the_json_of_a_verb_has_these_keys(name: str, forms: dict[str, list[Any]]) -> None:
    expected = json.loads(FORMS.read_text())[name]
    assert forms[name] == expected
    assert json.dumps(forms[name]) == json.dumps(expected)  # in this order, too


def test_every_verb_is_here() -> None:
    ran = [f"{command} " for command in COMMANDS.values()]
    assert {verb for verb in verbs.SUMMARIES if not any(each.startswith(f"{verb} ") for each in ran)} == SILENT
