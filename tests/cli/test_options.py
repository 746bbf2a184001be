"""Options are data: the command line words what the library says of them, and both offer the same ones."""

import ast
import pickle
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

import pybackup
from pybackup.cli.text import reason_of
from pybackup.errors import EnvironmentFailed, Exists, PybackupError, UsageError

PACKAGE = Path(pybackup.__file__).parent
# Their strings are for people at a shell, who have a disc and maybe nothing of pybackup but that.
FOR_A_SHELL = {
    "media/texts.py": "the README.TXT of each disc: what to type at a shell",
}
AN_OPTION = re.compile(r"(?:^|[\s'\"(`])--[a-z]")


def library() -> Iterator[Path]:
    """The modules of the library: the command line and rescue.py speak of options, which are theirs."""
    for path in sorted(PACKAGE.rglob("*.py")):
        if path.relative_to(PACKAGE).parts[0] not in ("cli", "standalone"):
            yield path


def strings(path: Path) -> Iterator[ast.Constant]:
    """Strings of a module, docstrings too: the library knows nothing of what words the command line has."""
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
