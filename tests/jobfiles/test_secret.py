"""Secrets are read from where a job file says, and are not in the file nor in any message."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from pybackup.errors import EnvironmentFailed
from pybackup.jobfiles.secret import Secret, read_secret

HIDDEN = "hunter2"


def test_it_comes_from_a_file_a_variable_a_program_or_a_credential(tmp_path: Path) -> None:
    (tmp_path / "key").write_text(f"{HIDDEN}\n")
    for table in (
        {"file": str(tmp_path / "key")},
        {"env": "PW"},
        {"command": [sys.executable, "-c", f"print({HIDDEN!r})"]},
        {"credential": "key"},
    ):
        secret = read_secret(table)
        assert secret.reveal({"PW": HIDDEN, "CREDENTIALS_DIRECTORY": str(tmp_path)}) == HIDDEN
        assert HIDDEN not in str(secret)


@pytest.mark.parametrize(
    "table",
    [
        HIDDEN,
        {},
        {"env": HIDDEN, "file": HIDDEN},
        {"password": HIDDEN},
        {"env": [HIDDEN]},
        {"env": ""},
        {"command": HIDDEN},
        {"command": []},
        {"command": [HIDDEN, 1]},
    ],
)
def test_what_says_nowhere_is_refused_and_not_repeated(table: Any) -> None:
    with pytest.raises(ValueError, match=r"say where it is|is a list|is a text") as caught:
        read_secret(table)
    assert HIDDEN not in str(caught.value)


@pytest.mark.parametrize(
    "secret",
    [
        Secret("file", "/nonexistent/hunter2"),
        Secret("env", "UNSET"),
        Secret("credential", "hunter2"),
        Secret("command", ("/nonexistent/hunter2",)),
        Secret("command", (sys.executable, "-c", "import sys; print('hunter2'); sys.exit(1)")),
        Secret("command", (sys.executable, "-c", "print()")),
    ],
    ids=["no file", "no variable", "no credential", "no program", "status 1", "empty"],
)
def test_what_is_not_to_be_had_is_said_without_it(secret: Secret) -> None:
    with pytest.raises(EnvironmentFailed, match=f"by {secret.form}") as caught:
        secret.reveal({})
    assert HIDDEN not in str(caught.value)
