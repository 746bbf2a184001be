"""Secrets: job files say where they are, and they are read only when they are used."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pybackup.errors import EnvironmentFailed

_FORMS = ("file", "env", "command", "credential")
WAYS = "{ file = PATH }, { env = NAME }, { command = [PROGRAM, ...] } or { credential = NAME }"
_SECONDS = 60
_MOST_BYTES = 1 << 16


@dataclass(frozen=True, slots=True)
class Secret:
    """Where a secret comes from.

    Attributes
    ----------
    form
        ``file``, ``env``, ``command`` or, of systemd's, ``credential``.
    """

    form: str
    source: str | tuple[str, ...]

    def __str__(self) -> str:
        return f"***, by {self.form}"

    def reveal(self, environment: Mapping[str, str] = os.environ) -> str:
        """Return the secret.

        Raises
        ------
        EnvironmentFailed
            It cannot be read. The message has nothing of it.
        """
        try:
            found = self._found(environment)
        except (OSError, subprocess.SubprocessError, ValueError) as error:
            why = getattr(error, "strerror", None) or type(error).__name__
            raise EnvironmentFailed(f"a secret cannot be had, by {self.form}: {why}") from None
        if not found:
            raise EnvironmentFailed(f"a secret cannot be had, by {self.form}: it is empty")
        return found

    def _found(self, environment: Mapping[str, str]) -> str:
        if self.form == "command":
            argv = [os.path.expanduser(part) for part in self.source]
            done = subprocess.run(argv, stdin=subprocess.DEVNULL, capture_output=True, timeout=_SECONDS, check=True)
            return done.stdout[:_MOST_BYTES].decode().strip()
        assert isinstance(self.source, str)
        if self.form == "env":
            return environment.get(self.source, "")
        path = os.path.expanduser(self.source)
        if self.form == "credential":
            path = os.path.join(environment.get("CREDENTIALS_DIRECTORY", "/nonexistent"), self.source)
        with open(path, "rb") as stream:
            return stream.read(_MOST_BYTES).decode().strip()


def read_secret(value: Any) -> Secret:
    """Return where a secret is, from its table in a job file.

    Raises
    ------
    ValueError
        The value is no such table. It may be the secret itself, so the message does not have it.
    """
    if not isinstance(value, dict) or len(value) != 1 or next(iter(value)) not in _FORMS:
        raise ValueError(f"a secret stands in no job file; say where it is: {WAYS}")
    form, source = next(iter(value.items()))
    if form == "command":
        if not isinstance(source, list) or not source or not all(isinstance(part, str) for part in source):
            raise ValueError("the command is a list: the program and each of its arguments")
        return Secret(form, tuple(source))
    if not isinstance(source, str) or not source:
        raise ValueError(f"what stands under {form} is a text")
    return Secret(form, source)
