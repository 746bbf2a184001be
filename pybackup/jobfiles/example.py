"""Writing a first job file: the user's answers as keys, and every other key as a comment that says what it does."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pybackup.errors import UsageError
from pybackup.options import values

from .keys import JobKey
from .notifiers import read_notifier
from .own_keys import all_keys
from .schedule import parse_schedule
from .show import toml

_WIDTH = 110


@dataclass(frozen=True, slots=True)
class Answers:
    """The user's answers about a first job.

    Attributes
    ----------
    sources
        What is backed up.
    target
        A directory for archives, or a medium such as ``bd25`` for volumes of that size.
    schedule
        When it runs; empty for only by hand.
    mail
        The address to which problems are sent; empty for none.
    """

    sources: Sequence[str] = ("~/docs",)
    target: str = "~/backups"
    schedule: str = "daily"
    mail: str = ""

    @property
    def is_for_discs(self) -> bool:
        """Whether the target is a medium."""
        return is_medium(self.target)


def is_medium(target: str) -> bool:
    """Return whether something is the name of a medium."""
    if "/" in target or target.startswith("~"):
        return False
    try:
        values.medium(target)
    except UsageError:
        return False
    return True


def check_schedule(text: str) -> None:
    """Raise ValueError if a text is no schedule."""
    if text:
        parse_schedule(text)


def check_mail(text: str) -> None:
    """Raise ValueError if a text is no mail address."""
    if text:
        read_notifier("mail", {"sendmail": text})


def example(answers: Answers) -> str:
    """Return the text of a job file."""
    return "\n".join(_lines(answers)) + "\n"


def _lines(answers: Answers) -> Iterator[str]:
    yield "# Jobs of pybackup. 'pybackup jobs check' finds every mistake, 'pybackup jobs show NAME' what holds."
    yield "version = 1"
    yield ""
    if answers.mail:
        yield "[notify.mail]"
        yield f"sendmail = {toml(answers.mail)}"
        yield 'on = ["problems", "fail"]'
    else:
        yield "# [notify.mail]"
        yield '# sendmail = "me@example.org"   # the local program; or smtp = { host = "...", to = "..." }'
        yield '# on = ["problems", "fail"]'
    yield ""
    yield f"[job.{'discs' if answers.is_for_discs else 'backup'}]"
    given = dict(_given(answers))
    yield from (f"{key} = {value}" for key, value in given.items())
    yield ""
    yield "# All other keys, each with what holds without it:"
    for key in all_keys().values():
        if given["mode"].strip('"') in key.modes and key.name not in given:
            yield from _commented(key)
    yield ""
    name = "discs" if answers.is_for_discs else "backup"
    yield f"# [[job.{name}.hook]]"
    yield '# before = "run"                 # exit status 75 skips the run'
    yield '# run = ["mountpoint", "-q", "/mnt/drive"]'


def _given(answers: Answers) -> Iterator[tuple[str, str]]:
    yield "mode", toml("discs" if answers.is_for_discs else "archive")
    yield "sources", toml(list(answers.sources))
    if answers.is_for_discs:
        yield "volumes", toml("~/volumes/{date}")
        yield "images", toml("~/images/{date}")
        yield "media", toml(answers.target)
    else:
        yield "output", toml(f"{answers.target.rstrip('/')}/{{job}}-{{date}}-{{comment}}.xtar")
    if answers.schedule:
        yield "schedule", toml(answers.schedule)
    if answers.mail:
        yield "notify", toml(["mail"])


def _commented(key: JobKey) -> Iterator[str]:
    yield from textwrap.wrap(key.help, _WIDTH, initial_indent="#   ", subsequent_indent="#   ", break_on_hyphens=False)
    yield f"# {key.name} = {toml(key.default) if isinstance(key.default, str | int) else '...'}"
