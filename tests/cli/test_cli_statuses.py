"""The exit statuses of the process."""

import os
import signal
import subprocess
from pathlib import Path
from types import SimpleNamespace

import pytest
from kit.command import COMMAND, ENVIRONMENT, lines, run
from kit.signals import heeded as heeded  # a fixture
from kit.signals import wait_until_asleep
from kit.trees import plant_docs

import pybackup.errors
from pybackup.cli import verbs
from pybackup.cli.main import main
from pybackup.cli.statuses import Status, status_of
from pybackup.errors import Damaged, EnvironmentFailed, NotAnArchive, PybackupError, Refused, UsageError


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (UsageError(), 2),
        (NotAnArchive(), 4),
        (Damaged(), 4),
        (Refused(), 4),
        (EnvironmentFailed(), 5),
        (OSError(), 5),
        (BrokenPipeError(), 5),
        (MemoryError(), 5),
        (KeyboardInterrupt(), 130),
        (ZeroDivisionError(), 70),
        (AssertionError(), 70),
    ],
)
def test_errors_and_their_statuses(error: BaseException, status: int) -> None:
    assert status_of(error) == status


def test_no_error_of_ours_is_a_bug() -> None:
    found = [
        kind for kind in vars(pybackup.errors).values() if isinstance(kind, type) and issubclass(kind, PybackupError)
    ]
    assert len(found) == 8
    roots = {PybackupError}
    assert all(status_of(kind("x")) is not Status.BUG for kind in found if kind not in roots)


def _failing(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> int:
    def perform(options: object) -> int:
        raise error

    found = verbs.load("info")
    broken = SimpleNamespace(EPILOG=found.EPILOG, define=found.define, perform=perform)
    monkeypatch.setattr(verbs, "load", lambda words: broken)
    return main(["info", "x.xtar"])


def test_a_bug_says_so(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    assert _failing(monkeypatch, ZeroDivisionError("by zero")) == 70
    said = capsys.readouterr().err
    assert "Traceback" in said
    assert said.endswith("pybackup: this is a bug in pybackup; please report it with the lines above\n")


@pytest.mark.parametrize(
    ("error", "status", "said"),
    [
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 5, "out of memory; fewer --workers need less"),
        (PermissionError(13, "Permission denied", b"/a\n"), 5, "Permission denied: /a\\n"),
        (OSError(28, "No space left on device"), 5, "No space left on device"),
        (Damaged("a \x1b[31mred file"), 4, "a \\x1b[31mred file"),
    ],
)
def test_expected_failures_have_one_line(
    error: BaseException,
    status: int,
    said: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert _failing(monkeypatch, error) == status
    assert capsys.readouterr().err == f"pybackup: {said}\n"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_interrupted(number: signal.Signals, tmp_path: Path, heeded: None) -> None:
    """The process waits to read its list of files when the signal comes."""
    fifo = tmp_path / "list"
    os.mkfifo(fifo)
    command = [*COMMAND, "create", "--files-from", str(fifo), "-o", "x.xtar"]
    with (
        subprocess.Popen(
            command, cwd=tmp_path, env=ENVIRONMENT, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        ) as process,
        open(fifo, "wb", buffering=0) as feed,
    ):
        feed.write(b"x" * (1 << 18))  # more than a pipe holds: when this returns, somebody reads
        wait_until_asleep(process.pid)
        process.send_signal(number)
        out, said = process.communicate(timeout=60)
    assert (process.returncode, out, said) == (130, b"", b"pybackup: interrupted\n")


def test_a_reader_that_leaves_is_no_failure(tmp_path: Path) -> None:
    many = tmp_path / "many"
    many.mkdir()
    for number in range(2000):
        (many / f"{number:0100}").touch()
    assert run("create", many, "--quiet", cwd=tmp_path).returncode == 0
    for form in ("--quiet", "--long", "--json", "--null"):
        script = '"$@" | head -c 10 >/dev/null; exit "${PIPESTATUS[0]}"'
        command = ["bash", "-c", script, "bash", *COMMAND, "list", str(tmp_path / "many.xtar"), form]
        done = subprocess.run(command, env=ENVIRONMENT, capture_output=True, check=False, timeout=60)
        assert (done.returncode, done.stderr) == (0, b"")


def test_results_that_cannot_be_written(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    assert run("create", "docs", cwd=tmp_path).returncode == 0
    for arguments in (["list", "docs.xtar"], ["--help"], ["completion", "bash"]):
        with open("/dev/full", "wb") as full:
            done = subprocess.run(
                [*COMMAND, *arguments], cwd=tmp_path, env=ENVIRONMENT, stdout=full, stderr=subprocess.PIPE, check=False
            )
        assert done.returncode == 5
        assert done.stderr == b"pybackup: cannot write the results: No space left on device\n"


def test_without_standard_streams(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    done = subprocess.run(
        ["sh", "-c", '"$@" >&- 2>&-', "sh", *COMMAND, "create", "docs"], cwd=tmp_path, env=ENVIRONMENT, check=False
    )
    assert done.returncode == 0
    done = subprocess.run(
        ["sh", "-c", '"$@" >&-', "sh", *COMMAND, "list", "docs.xtar"],
        cwd=tmp_path,
        env=ENVIRONMENT,
        stderr=subprocess.PIPE,
        check=False,
    )
    assert (done.returncode, done.stderr) == (5, b"pybackup: there is no standard output\n")


def test_an_output_that_cannot_be_written(tmp_path: Path) -> None:
    plant_docs(tmp_path)
    done = run("create", "docs", "-o", "/proc/nowhere/x.xtar", cwd=tmp_path)
    assert done.returncode == 5
    assert lines(done.stderr) == ["pybackup: /proc/nowhere: No such file or directory"]


def test_no_archive(tmp_path: Path) -> None:
    (tmp_path / "x").write_bytes(b"nothing of the kind" * 1000)
    for arguments in ("list x", "info x", "verify x", "extract x --to y", "unpack x --to y"):
        done = run(*arguments.split(), cwd=tmp_path)
        assert done.returncode == 4
        assert done.stderr.startswith(b"pybackup: x: ")
        assert b"Traceback" not in done.stderr
