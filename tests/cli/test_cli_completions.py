"""Completion in real shells; a shell that is missing is a failure."""

import os
import pty
import select
import subprocess
import sys
import time
from pathlib import Path

import pytest
from kit.command import run

from pybackup.cli.completions.__main__ import scripts
from pybackup.cli.completions.interface import read_interface
from pybackup.cli.shells import SCRIPTS, script_path

OPTIONS_OF_LIST = {"--at", "--catalogue", "-h", "--help", "--long", "--null", "--quiet", "--json"}
VERBS = set(read_interface().choices())


def test_the_scripts_are_what_the_parsers_say() -> None:
    made = scripts()
    assert made.keys() == SCRIPTS.keys()
    for shell in SCRIPTS:
        assert script_path(shell).read_text() == made[shell], f"run: {sys.executable} -m pybackup.cli.completions"


@pytest.mark.parametrize("shell", SCRIPTS)
def test_the_verb_prints_them_and_the_shell_reads_them(shell: str, tmp_path: Path) -> None:
    done = run("completion", shell)
    assert (done.returncode, done.stderr) == (0, b"")
    (tmp_path / "script").write_bytes(done.stdout)
    checked = subprocess.run([shell, "-n", tmp_path / "script"], capture_output=True, check=False)
    assert (checked.returncode, checked.stderr) == (0, b"")


def bash(line: str, cwd: Path) -> set[str]:
    """Return what bash offers as completion of a line."""
    script = """
    source "$1"
    read -ra COMP_WORDS <<<"${2//=/ = }"
    [[ $2 == *' ' || $2 == *= ]] && COMP_WORDS+=('')
    COMP_CWORD=$((${#COMP_WORDS[@]} - 1))
    $(complete -p pybackup | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    printf '%s\\n' "${COMPREPLY[@]}"
    """
    command = ["bash", "-uc", script, "bash", str(script_path("bash")), line]
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=True)
    assert done.stderr == b""
    return set(done.stdout.decode().split())


def fish(line: str, cwd: Path) -> set[str]:
    """Return what fish offers as completion of a line."""
    command = ["fish", "-N", "-c", 'source $argv[1]; complete -C "$argv[2]"', str(script_path("fish")), line]
    done = subprocess.run(command, cwd=cwd, capture_output=True, check=True, env={**os.environ, "HOME": str(cwd)})
    assert done.stderr == b""
    return {word.split("\\t")[0] for word in done.stdout.decode().replace("\t", "\\t").splitlines()}


@pytest.mark.parametrize(
    ("line", "offered"),
    [
        ("pybackup ", VERBS),
        ("pybackup ext", {"extract"}),
        ("pybackup structure ", {"save", "restore"}),
        ("pybackup structure s", {"save"}),
        ("pybackup completion ", {"bash", "zsh", "fish"}),
        ("pybackup create --exclude", {"--exclude", "--exclude-from", "--exclude-dir", "--exclude-caches"}),
        ("pybackup create docs --compression ", {"store", "fast", "default", "small"}),
        ("pybackup extract x.xtar --overwrite o", {"older"}),
        ("pybackup structure save --files", {"--files-from"}),
        ("pybackup --ver", {"--version"}),
    ],
)
def test_bash_and_fish_offer(line: str, offered: set[str], tmp_path: Path) -> None:
    assert bash(line, tmp_path) == offered
    assert fish(line, tmp_path) == offered


def test_options_of_a_verb(tmp_path: Path) -> None:
    assert bash("pybackup list -", tmp_path) == OPTIONS_OF_LIST
    assert fish("pybackup list --", tmp_path) == OPTIONS_OF_LIST - {"-h"}


def test_an_option_with_its_value_in_one_word(tmp_path: Path) -> None:
    assert bash("pybackup create --compression=f", tmp_path) == {"fast"}
    assert fish("pybackup create --compression=f", tmp_path) == {"--compression=fast"}


def test_files_are_offered_where_files_belong(tmp_path: Path) -> None:
    (tmp_path / "x.xtar").touch()
    (tmp_path / "directory").mkdir()
    assert fish("pybackup list ", tmp_path) == {"x.xtar", "directory/"}
    assert fish("pybackup create -o ", tmp_path) == {"x.xtar", "directory/"}
    assert fish("pybackup extract x.xtar --to ", tmp_path) == {"directory/"}
    assert fish("pybackup create --comment ", tmp_path) == set()
    # In bash nothing is offered, and readline itself goes on with files.
    assert bash("pybackup list ", tmp_path) == set()
    assert "complete -o default" in script_path("bash").read_text()


def zsh_types(keys: str, wanted: str, cwd: Path) -> str:
    """Return what zsh shows after keys are typed; wait until ``wanted`` is shown, at most a minute."""
    process, terminal = pty.fork()
    if process == 0:
        os.chdir(cwd)
        os.execvpe("zsh", ["zsh", "-f", "-i"], {**os.environ, "TERM": "dumb", "PS1": "ready> ", "HOME": str(cwd)})
    shown = ""

    def wait_for(text: str) -> None:
        nonlocal shown
        limit = time.monotonic() + 60
        while text not in shown and time.monotonic() < limit:
            if select.select([terminal], [], [], 0.2)[0]:
                shown += os.read(terminal, 4096).decode(errors="replace")

    try:
        wait_for("ready> ")
        os.write(
            terminal,
            f"fpath=({script_path('zsh').parent} $fpath); autoload -U compinit; compinit -u; echo is''set\n".encode(),
        )
        wait_for("isset")
        shown = ""
        os.write(terminal, keys.encode())
        wait_for(wanted)
    finally:
        os.kill(process, 9)
        os.waitpid(process, 0)
        os.close(terminal)
    return shown


@pytest.mark.parametrize(
    ("keys", "wanted"),
    [
        ("pybackup ext\t", "extract"),
        ("pybackup structure res\t", "restore"),
        ("pybackup create --one\t", "--one-file-system"),
        ("pybackup create docs --compression sm\t", "small"),
        ("pybackup structure save --exclude-c\t", "--exclude-caches"),
        ("pybackup completion fi\t", "fish"),
        ("pybackup extract x.xtar --to dir\t", "directory/"),
        ("pybackup list x\t", "x.xtar"),
    ],
)
def test_zsh_completes(keys: str, wanted: str, tmp_path: Path) -> None:
    (tmp_path / "x.xtar").touch()
    (tmp_path / "directory").mkdir()
    assert wanted in zsh_types(keys, wanted, tmp_path)
