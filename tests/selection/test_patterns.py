"""Patterns against git itself, which is the specification."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from pybackup.errors import UsageError
from pybackup.selection.patterns import Patterns

NAMES = ["a", "b", "ab", "a.c", "b.o", "keep"]


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tree three deep with every name as a file somewhere and as a directory somewhere else."""
    root = tmp_path_factory.mktemp("repository")
    environment = {**os.environ, "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_SYSTEM": os.devnull}
    subprocess.run(["git", "init", "-q", str(root)], check=True, env=environment)
    for i, name in enumerate(NAMES):
        for j, below in enumerate(NAMES):
            parent = root / name if i % 2 else root / "a" / name
            parent.mkdir(parents=True, exist_ok=True)
            if (i + j) % 2:
                (parent / below).mkdir(exist_ok=True)
                (parent / below / NAMES[(i + j) % len(NAMES)]).touch()
                (parent / below / "b.o").touch()
            elif not (parent / below).exists():
                (parent / below).touch()
    for name in NAMES:
        if not (root / name).exists():
            (root / name).touch()
    return root


def _tree(root: Path) -> Iterator[tuple[bytes, bool]]:
    for directory, names, files in os.walk(root):
        if ".git" in names:
            names.remove(".git")
        for name in names + files:
            path = Path(directory, name)
            yield os.fsencode(path.relative_to(root)), path.is_dir()


def _ignored_by_git(root: Path, lines: list[str], paths: list[bytes]) -> set[bytes]:
    (root / ".git" / "info" / "exclude").write_text("".join(line + "\n" for line in lines))
    command = ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin"]
    run = subprocess.run(command, cwd=root, input=b"\0".join(paths) + b"\0", capture_output=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    return set(run.stdout.split(b"\0")) - {b""}


def _ignored_by_us(lines: list[str], tree: list[tuple[bytes, bool]]) -> set[bytes]:
    """Judge as the walk does: parents first, nothing below what is excluded."""
    patterns = Patterns(lines)
    ignored: set[bytes] = set()
    for path, is_directory in sorted(tree):
        parent = path.rpartition(b"/")[0]
        if parent in ignored or patterns.excluding(path, is_directory) is not None:
            ignored.add(path)
    return ignored


# No "a**": git's wildmatch (2.39) compares pointers into different strings there; its manual calls it a plain "*".
_parts = st.sampled_from([*NAMES, "*", "**", "?", "a*", "*.o", "*.c", "[ab]", "[!a]", "[^k]*", "k??p"])
_patterns = st.builds(
    lambda negated, anchored, parts, ending: negated + anchored + "/".join(parts) + ending,
    st.sampled_from(["", "", "!"]),
    st.sampled_from(["", "", "/"]),
    st.lists(_parts, min_size=1, max_size=3),
    st.sampled_from(["", "", "/", " ", "/**"]),
)


@given(lines=st.lists(_patterns, min_size=1, max_size=5))
@example(lines=["*", "!*/", "!*.c"])
@example(lines=["b/", "!b/keep"])
@example(lines=["b/*", "!b/keep"])
@example(lines=["a/**", "!a/b", "!a/b/**"])
@example(lines=["a/**/", "!a/keep/"])
@example(lines=["/*", "!/a", "/a/*", "!/a/b.o"])
@example(lines=["**/b", "!/b"])
@example(lines=["# no pattern", "", "\\#", "*.o"])
@settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_like_git(repository: Path, lines: list[str]) -> None:
    tree = list(_tree(repository))
    assert _ignored_by_us(lines, tree) == _ignored_by_git(repository, lines, [path for path, _ in tree])


@pytest.mark.parametrize(
    ("line", "path", "excluded"),
    [
        ("*.o", b"caf\xe9.o", True),
        ("caf\udce9", b"caf\xe9", True),
        ("caf?", "café".encode(), True),
        ("foo", b"foo\n", False),
        ("b", b"a\nc/b", True),
        ("a\nb", b"a\nb", True),
        ("foo\\ ", b"foo ", True),
        ("foo ", b"foo", True),
        ("dir/", b"dir", False),
    ],
)
def test_names_that_are_no_plain_text(line: str, path: bytes, excluded: bool) -> None:
    assert (Patterns([line]).excluding(path, False) is not None) is excluded


def test_says_which_pattern() -> None:
    patterns = Patterns(["*.o", "# comment", "", "!keep.o", "build/", "caf\udce9\r"])
    assert patterns.excluding(b"x/main.o", False) == "*.o"
    assert patterns.excluding(b"x/build", True) == "build/"
    assert patterns.excluding(b"caf\xe9", False) == "caf\\xe9"
    assert patterns.excluding(b"keep.o", False) is None
    assert len(patterns) == 4


@pytest.mark.parametrize("line", ["!", "[z-a]", "//"])
def test_refuses_nonsense(line: str) -> None:
    with pytest.raises(UsageError, match="pattern"):
        Patterns([line])


@pytest.mark.parametrize("line", ["/", "!/", "#a", " "])
def test_skips_what_git_skips(line: str) -> None:
    assert len(Patterns([line])) == 0
