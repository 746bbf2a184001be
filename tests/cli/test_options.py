"""Options are data: the command line and the Python functions offer the same ones, each in its own words."""

import argparse
import ast
import inspect
import os
import pickle
import re
import subprocess
import sys
from collections.abc import Collection, Iterator
from pathlib import Path

import pytest
from kit.trees import plant_docs

import pybackup
from pybackup.cli import verbs
from pybackup.cli.parser import verb_parser
from pybackup.cli.text import reason_of
from pybackup.errors import EnvironmentFailed, Exists, PybackupError, UsageError

PACKAGE = Path(pybackup.__file__).parent
# Their strings are for people at a shell, who have a disc and maybe nothing of pybackup but that.
FOR_A_SHELL = {
    "media/texts.py": "the README.TXT of each disc: what to type at a shell",
    "snapshots/arguments.py": "options of rsync",
}
AN_OPTION = re.compile(r"(?:^|[\s'\"(`])--[a-z]")


def library() -> Iterator[Path]:
    """The modules of the library, without the command line and rescue.py, which may name their own options."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in ("cli", "standalone"):
            yield path


def strings(path: Path) -> Iterator[ast.Constant]:
    """Return the strings of a module, docstrings included: the library may not name options of the command line."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


@pytest.mark.parametrize("path", [*library()], ids=lambda path: str(path.relative_to(PACKAGE)))
def test_no_string_of_the_library_has_an_option_of_the_command_line(path: Path) -> None:
    found = [node for node in strings(path) if AN_OPTION.search(str(node.value))]
    if str(path.relative_to(PACKAGE)) in FOR_A_SHELL:
        assert found, "it needs to be no exception any more"
        return
    assert not found, [f"{path}:{node.lineno}: {node.value!r}" for node in found]


@pytest.mark.parametrize("kind", [UsageError, Exists, EnvironmentFailed])
def test_an_error_names_an_option_as_each_calls_it(kind: type[PybackupError]) -> None:
    error = kind("docs: there already", option="volume_size", hint="allows more")
    assert str(error) == "docs: there already; volume_size allows more"
    assert reason_of(error) == "docs: there already; --volume-size allows more"
    assert error.without(b"docs") == "there already; volume_size allows more"
    # Some come out of other processes.
    assert reason_of(pickle.loads(pickle.dumps(error))) == reason_of(error)
    assert str(kind("plain")) == reason_of(kind("plain")) == "plain"
    assert reason_of(kind("gone: is not there", option="files_from")) == "--files-from gone: is not there"


# The functions in Python that a verb stands for.
FUNCTIONS = {
    "create": ("create", "create_set"),
    "extract": ("extract", "read"),
    "restore": ("restore_chain",),
    "verify": ("verify", "verify_set", "compare"),
    "protect": ("protect", "add_recovery_volumes"),
}
NOT_IN_PYTHON = {
    "completion": "prints a script for a shell",
    "run": "as jobs",
    "jobs": "are files for a command that nobody watches: in Python a program is its own job",
    "catalogue": "is a package of its own in Python, pybackup.catalogue: its functions take the catalogue that is open",
}
# What only the command line has, by verb ("" for any) and name.
ONLY_TYPED = {
    ("", "help"): "help() in Python",
    ("", "quiet"): "a monitor says what it likes",
    ("", "verbose"): "a monitor says what it likes",
    ("", "json"): "the result is the function's",
    ("", "dry_run"): "the plan is what plan_create, plan_extract, plan_disc_build, ... return",
    **{
        (verb, "catalogue"): "a function writes nothing down unasked: pybackup.jobs.catalogue_record does"
        for verb in (
            "disc build",
            "disc burn",
            "disc check",
            "protect",
            "rebuild",
            "repair",
            "verify",
            "snapshot verify",
            "stage close",
            "stage scan",
        )
    },
    ("repair", "medium"): "as catalogue",
    ("verify", "medium"): "as catalogue",
    ("disc check", "medium"): "as catalogue",
    ("create", "cluster"): "in Python executor takes any, such as get_executor() of Dask's Client",
    ("list", "long"): "how an entry is shown",
    ("list", "null"): "how an entry is shown",
    ("restore", "plan"): "where all media are, Runs.needs_of of pybackup.archive.runs tells",
    ("restore", "drive"): "as one_drive",
    ("extract", "stdout"): "the content is what read yields",
    ("extract", "one_drive"): "asks somebody at the terminal for each disc",
    ("verify", "more"): "verify_set takes all as archives, and compare as archive",
    ("verify", "html"): "a page is shown by the command line; all that is on it is in the verdict",
    ("verify", "overwrite"): "the page",
    ("stage status", "html"): "a page is shown by the command line; all that is on it is in the status",
    ("stage status", "overwrite"): "the page",
    ("salvage", "report"): "a page, or the JSON; all that is in it is in the result",
    ("repair", "in_place"): "no output",
    ("forecast", "files"): "one file at a time",
    ("forecast", "catalogue"): "what builds on an archive, chains_on of pybackup.catalogue.needed tells",
    ("forecast", "sweep"): "sweep() of the result",
    ("protect", "files"): "a file for protect, volumes for add_recovery_volumes",
    ("disc burn", "images"): "one image at a time: nobody is asked for the next disc",
}
# What only Python has.
ONLY_CALLED = {
    ("", "monitor"): "an object",
    ("", "executor"): "an object",
    ("extract", "pattern"): "the one file of read, which is a pattern behind --stdout",
    ("verify", "archives"): "the archive and more of them",
    ("forecast", "file"): "one at a time, of files",
    ("protect", "file"): "one of files",
    ("protect", "volumes"): "several of files",
    ("disc burn", "image"): "one at a time, of images",
}
# Which are needed in Python, and on the command line only with or without another one.
NEEDED_IN_PYTHON = {
    ("create", "volumes"): "makes it a set",
    ("create", "volume_size"): "as volumes",
    ("restore", "to"): "not with --plan",
    ("extract", "to"): "neither with --dry-run nor with --stdout",
    ("verify", "against"): "one verb does what verify and compare do",
    ("protect", "recovery_volumes"): "makes it add_recovery_volumes",
    ("disc plan", "volume_size"): "all media are shown, each a plan of its own",
}
COMMON = [words for words in verbs.SUMMARIES if words.split()[0] not in NOT_IN_PYTHON]


def parameters(words: str) -> dict[str, inspect.Parameter]:
    """Return the parameters of the functions that a verb calls, each from the first function that has it."""
    found: dict[str, inspect.Parameter] = {}
    for name in FUNCTIONS.get(words, (words.replace(" ", "_"),)):
        found = dict(inspect.signature(getattr(pybackup, name)).parameters) | found
    return found


def actions(words: str) -> dict[str, argparse.Action]:
    """Return the options of a verb on the command line."""
    return {action.dest: action for action in verb_parser(words)._actions}


def excepted(exceptions: Collection[tuple[str, str]], words: str) -> set[str]:
    """Return the names of a verb that need not be in both."""
    return {name for verb, name in exceptions if verb in ("", words)}


@pytest.mark.parametrize("words", COMMON)
def test_what_the_command_line_can_python_can_by_the_same_names(words: str) -> None:
    typed, called = actions(words), parameters(words)
    assert typed.keys() - excepted(ONLY_TYPED, words) == called.keys() - excepted(ONLY_CALLED, words)
    for name in typed.keys() & called.keys():
        action, default = typed[name], called[name].default
        if default is inspect.Parameter.empty:
            needed = action.required or action.nargs in ("+", "*")
            assert needed or (words, name) in NEEDED_IN_PYTHON, name
        else:
            assert not action.required or action.nargs == "*", name
            # What takes several begins with a list, or with nothing; in Python that is an empty tuple.
            typed_default = () if action.default == [] or action.nargs == "*" else action.default
            assert typed_default == default, name


@pytest.mark.parametrize("exceptions", [ONLY_TYPED, ONLY_CALLED, NEEDED_IN_PYTHON])
def test_no_exception_is_for_nothing(exceptions: dict[tuple[str, str], str]) -> None:
    for verb, name in exceptions:
        assert any(name in actions(words) or name in parameters(words) for words in ([verb] if verb else COMMON)), (
            verb,
            name,
        )
    for verb, name in ONLY_TYPED:
        assert not verb or name not in parameters(verb)


@pytest.mark.parametrize("words", COMMON)
def test_help_in_python_describes_each_parameter(words: str) -> None:
    for name in FUNCTIONS.get(words, (words.replace(" ", "_"),)):
        function = getattr(pybackup, name)
        told = function.__doc__
        signature = inspect.signature(function)
        assert signature.return_annotation != inspect.Parameter.empty
        options = signature.parameters.keys() - {"monitor", "executor", "pattern", "work_dir"}
        assert [each for each in options if f"\n{each}\n    " not in told] == []


def test_a_plan_is_what_a_dry_run_shows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    docs = plant_docs(tmp_path)
    (tmp_path / "list").write_bytes(b"docs/letter.txt\0docs/sub/b.txt\0")
    monkeypatch.chdir(tmp_path)
    plan = pybackup.plan_create([], "x.xtar", files_from="list", null=True, exclude=["b.*"])
    assert [each.path for each in plan.excluded] == [b"docs/sub/b.txt"]
    assert not Path("x.xtar").exists()
    with open("list", "rb") as stream:
        assert pybackup.create((), files_from=stream, null=True, output="x.xtar").files == 2
    since = pybackup.create(docs, "since.xtar", since_archive=["x.xtar"], exclude=["*.tmp"])
    assert b"docs/letter.txt" not in {each.entry.path for each in pybackup.list("since.xtar")}
    assert since.path == b"since.xtar"
    assert pybackup.plan_extract("x.xtar", "out", ["docs/sub"]).files == 1
    assert b"".join(pybackup.read("x.xtar", "docs/sub/b.txt")) == Path("docs/sub/b.txt").read_bytes()
    with pytest.raises(UsageError, match="exactly one file must match"):
        list(pybackup.read("x.xtar", "docs/*"))


def test_a_set_is_verified_as_one(tmp_path: Path) -> None:
    tree = tmp_path / "docs"
    tree.mkdir()
    for number in range(4):
        (tree / f"{number}.bin").write_bytes(os.urandom(200_000))
    made = pybackup.create_set(tree, tmp_path / "set", "640K", pack="tight", parity="none", second_copies="5%")
    assert len(made.volumes) > 1
    found = pybackup.verify_set(tmp_path / "set")
    assert [each.verdict.state for each in found.archives if each.verdict] == ["intact"] * len(made.volumes)
    assert [(total.name, total.files) for total in found.totals] == [("docs", 4)]
    Path(os.fsdecode(made.volumes[0].path)).write_bytes(b"no archive " * 1000)
    monitor = pybackup.Monitor()
    found = pybackup.verify_set([each.path for each in made.volumes], monitor=monitor)
    assert found.archives[0].verdict is None
    assert isinstance(found.archives[0].failure, pybackup.errors.NotAnArchive)
    assert pybackup.Trouble.DAMAGED in {problem.trouble for problem in monitor.problems}


@pytest.mark.parametrize("module", ["numpy", "py7zr", "sqlalchemy"])
def test_importing_the_package_loads_nothing_that_weighs(module: str) -> None:
    command = [sys.executable, "-X", "importtime", "-c", "import pybackup"]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stderr
    loaded = {line.rpartition("|")[2].strip() for line in told.splitlines()}
    assert "pybackup" in loaded
    assert not [name for name in loaded if name.split(".")[0] == module]


def test_the_package_itself_is_short() -> None:
    assert len(Path(pybackup.__file__).read_text().splitlines()) <= 200
