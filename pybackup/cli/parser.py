"""Parsers: one per verb, loaded when it is asked for, and one for what stands before the verb."""

from __future__ import annotations

import argparse
import re
from typing import Any, NoReturn

from pybackup import __version__
from pybackup.errors import UsageError

from . import verbs
from .statuses import table

PROGRAM = "pybackup"

_DESCRIPTION = "Archives for media that rot: what can be read can be restored."
_EXAMPLE = """\
example:
  pybackup create ~/docs -o docs.xtar
  pybackup verify docs.xtar
  pybackup list docs.xtar
  pybackup extract docs.xtar --to /tmp/back

'pybackup VERB --help' tells more of each."""


_NEGATIVE = re.compile(r"-\d[\d.,]*[A-Za-z]*%?$")


class Parser(argparse.ArgumentParser):
    """A parser whose complaints are errors like all others."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # argparse takes -5 for a value, and -5% for an option that nobody knows.
        self._negative_number_matcher = _NEGATIVE

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        words = self.prog.removeprefix(PROGRAM).strip()
        raise UsageError(f"{words + ': ' if words else ''}{message}\ntry: {self.prog} --help")


def main_parser() -> Parser:
    """Return the parser for what stands before the verb, whose help names all verbs."""
    width = max(map(len, verbs.SUMMARIES))
    listed = "\n".join(f"  {words:{width}}  {summary}" for words, summary in verbs.SUMMARIES.items())
    parser = _parser(PROGRAM, _DESCRIPTION, f"verbs:\n{listed}\n\n{_EXAMPLE}")
    parser.usage = f"{PROGRAM} [-h] [--version] VERB ..."
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def verb_parser(words: str) -> Parser:
    """Return the parser of a verb."""
    verb = verbs.load(words)
    summary = verbs.SUMMARIES[words]
    parser = _parser(f"{PROGRAM} {words}", summary[0].upper() + summary[1:] + ".", verb.EPILOG)
    verb.define(parser)
    return parser


def _parser(prog: str, description: str, epilog: str) -> Parser:
    return Parser(
        prog=prog,
        description=description,
        epilog=f"{epilog.rstrip()}\n\n{table()}",
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
