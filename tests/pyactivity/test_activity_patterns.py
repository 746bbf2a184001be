"""Patterns against git itself, which is the specification."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, example, given, settings
from hypothesis import strategies as st
from kit.thorough import so_many

from pyactivity.errors import BadValue
from pyactivity.patterns import Patterns, says_nothing

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


_parts = st.sampled_from([*NAMES, "*", "**", "a**", "?", "a*", "*.o", "*.c", "[ab]", "[!a]", "[^k]*", "k??p"])
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
@settings(max_examples=so_many(25, 200), deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
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
        ("data[!0-9]*", b"data/report.txt", False),
        ("data[!0-9]*", b"data-1", True),
        ("core[!0-9]*", b"core/a", False),
        ("x/a[!z]c", b"x/a/c", False),
        ("x/a[^z]c", b"x/a/c", False),
        ("x/a[+-9]c", b"x/a/c", False),
        ("*.[[:digit:]]", b"page.1", True),
        ("x\\  ", b"x ", True),
        ("x\\  ", b"x  ", False),
        ("b\\\\ ", b"b\\", True),
        ("b\\\\ ", b"b\\ ", False),
        ("a\t", b"a\t", True),
        ("a\t", b"a", False),
        ("\t", b"\t", True),
        ("a[\\]]b", b"a]b", True),
        ("[z-a]", b"z", True),
        ("[]-a]", b"]", True),
        ("[é-ü]", "ö".encode(), True),
        ("a[!b]c", "aéc".encode(), True),
        ("a[!b]c", b"a\xe9c", True),
    ],
)
def test_names_that_are_no_plain_text(line: str, path: bytes, excluded: bool) -> None:
    assert (Patterns([line]).excluding(path, False) is not None) is excluded


_SIGNS = ["a", "b", "1", "-", "]", "[", "!", "^", "\\", " ", "\t", "\n", ".", ":", "*", "?", "#", "Z"]
_BRACKETS = [
    "[ab]",
    "[!a]",
    "[^-]",
    "[a-c]",
    "[c-a]",
    "[]a]",
    "[!]]",
    "[\\]]",
    "[a\\-c]",
    "[+-9]",
    "[[:alnum:]]",
    "[[:x:]]",
    "[[",
]
_tokens = st.sampled_from(
    [*_SIGNS, *_BRACKETS, "/", "/", "**/", "/**", "**", "*", "\\ ", "\\/", "\\*", "\\a", "[:", ":]", "[a-"]
)
_plain_tokens = st.sampled_from(["é", "\udce9", "a", "*", "**/", "/", "/**", "**"])  # "?" and "[" are bytes to git


def _groups(tokens: st.SearchStrategy[str], signs: list[str]) -> st.SearchStrategy[list[tuple[list[str], list[str]]]]:
    """Groups of a few lines, and of a few paths to judge by them."""
    line = st.lists(tokens, max_size=7).map(lambda parts: "".join(parts).replace("\n", "a"))
    name = st.lists(st.sampled_from(signs), min_size=1, max_size=4).map("".join)
    path = st.lists(name.filter(lambda name: name not in (".", "..")), min_size=1, max_size=4).map("/".join)
    group = st.tuples(st.lists(line, min_size=1, max_size=2), st.lists(path, min_size=1, max_size=12))
    return st.lists(group, min_size=20, max_size=40)


def _judged_by_git(root: Path, groups: list[tuple[list[bytes], list[bytes]]]) -> list[list[bool]]:
    """One question for all: each group has a directory, whose `.gitignore` are its lines."""
    asked: list[bytes] = []
    for number, (lines, paths) in enumerate(groups):
        directory = root / f"{number}"
        directory.mkdir(exist_ok=True)
        (directory / ".gitignore").write_bytes(b"".join(line + b"\n" for line in lines))
        asked += [b"%d/%s" % (number, path) for path in paths]
    command = ["git", "-c", "core.excludesFile=", "check-ignore", "--no-index", "-z", "--stdin"]
    run = subprocess.run(command, cwd=root, input=b"\0".join(asked) + b"\0", capture_output=True, check=False)
    assert run.returncode in (0, 1), run.stderr
    ignored = set(run.stdout.split(b"\0"))
    return [[b"%d/%s" % (number, path) in ignored for path in paths] for number, (_, paths) in enumerate(groups)]


def _judged_by_us(lines: list[str], path: bytes) -> bool:
    patterns = Patterns(line for line in lines if _matches_something(line))
    parts = path.split(b"/")
    above = (b"/".join(parts[:depth]) for depth in range(1, len(parts)))
    return any(patterns.excluding(place, True) for place in above) or patterns.excluding(path, False) is not None


def _matches_something(line: str) -> bool:
    """What we refuse must match nothing in git either: it is left out here, not there."""
    try:
        return len(Patterns([line])) > 0
    except BadValue:
        return False


@pytest.fixture(scope="module")
def empty_repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("empty")
    subprocess.run(["git", "init", "-q", str(root)], check=True)
    (root / ".git" / "info" / "exclude").write_bytes(b"")
    return root


@given(groups=st.one_of(_groups(_tokens, _SIGNS), _groups(_plain_tokens, ["é", "\udce9", "a"])))
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck), phases=[Phase.reuse, Phase.generate])
def test_any_pattern_decides_as_in_git(empty_repository: Path, groups: list[tuple[list[str], list[str]]]) -> None:
    raw = [([os.fsencode(line) for line in lines], [os.fsencode(path) for path in paths]) for lines, paths in groups]
    by_git = _judged_by_git(empty_repository, raw)
    for (lines, _), (_, paths), verdicts in zip(groups, raw, by_git, strict=True):
        assert [_judged_by_us(lines, path) for path in paths] == verdicts, (lines, paths)


def test_classes_are_those_of_git(empty_repository: Path) -> None:
    names = [
        "alnum",
        "alpha",
        "blank",
        "cntrl",
        "digit",
        "graph",
        "lower",
        "print",
        "punct",
        "space",
        "upper",
        "xdigit",
    ]
    paths = [b"x%cx" % code for code in range(1, 128) if code != ord("/")]
    groups = [([b"x[[:%s:]]x" % name.encode()], paths) for name in names]
    for name, verdicts in zip(names, _judged_by_git(empty_repository, groups), strict=True):
        patterns = Patterns([f"x[[:{name}:]]x"])
        assert [patterns.excluding(path, False) is not None for path in paths] == verdicts, name


@pytest.mark.parametrize(
    "pattern",
    [
        "*-*-*-*-*-*-*-*-*-*-*-*.tmp",
        "[-]*[-]*[-]*[-]*[-]*[-]*x",
        "*?*?*?*?*?*?*?*x",
        "/*-*-*-*/*-*-*-*/x",
        "**/*-*/**/*-*/**/*-*/**/*-*/**/x",
        "**/*-*-*/**/*-*-*x",
    ],
)
@pytest.mark.parametrize("between", [b"-", b"/-a-/"])
def test_linear_time(pattern: str, between: bytes) -> None:
    """Going back over its choices, an expression of six stars took 13 s for 120 parts; these would take years."""
    assert Patterns([pattern]).excluding(between.join([b"part"] * 2000), False) is None


def test_tells_what_has_excluded_nothing() -> None:
    patterns = Patterns(["s/keep", "*.o", "!keep.o", "/home/me", "build/"])
    assert patterns.excluding(b"main.o", False) == "*.o"
    assert patterns.excluding(b"build", False) is None
    assert patterns.idle() == ["s/keep", "/home/me", "build/"]


@pytest.mark.parametrize(("line", "skipped"), [("", True), ("  ", True), ("\r", True), ("#", True), ("\t", False)])
def test_comments_and_blanks(line: str, skipped: bool) -> None:
    assert says_nothing(line) is skipped


def test_says_which_pattern() -> None:
    patterns = Patterns(["*.o", "# comment", "", "!keep.o", "build/", "caf\udce9\r"])
    assert patterns.excluding(b"x/main.o", False) == "*.o"
    assert patterns.excluding(b"x/build", True) == "build/"
    assert patterns.excluding(b"caf\xe9", False) == "caf\\xe9"
    assert patterns.excluding(b"keep.o", False) is None
    assert len(patterns) == 4


@pytest.mark.parametrize("line", ["!", "//", "a//b", "a[", "a[b", "[[:letter:]]", "b[/]", "a\\", "[\\", "[a-\\"])
def test_refuses_what_can_match_nothing(line: str) -> None:
    with pytest.raises(BadValue, match="pattern"):
        Patterns([line])


@pytest.mark.parametrize("line", ["/", "!/", "#a", " "])
def test_skips_what_git_skips(line: str) -> None:
    assert len(Patterns([line])) == 0
