"""The parsers: one per verb, made when that verb is used, and one for the options before the verb."""

from __future__ import annotations

import argparse
import re
import textwrap
from collections.abc import Iterable, Mapping
from itertools import groupby
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

'pybackup VERB --help' explains each verb."""


_NEGATIVE = re.compile(r"-\d[\d.,]*[A-Za-z]*%?$")
_NARROW = 60  # below this width there is no room for two columns
_ROW = re.compile(r" *\S+(?: \S+)* {2,}(?=\S)")


class _Help(argparse.RawDescriptionHelpFormatter):
    """A formatter that keeps lines as they are if the terminal is wide enough, and wraps them otherwise."""

    def __init__(self, prog: str) -> None:
        super().__init__(prog)
        if self._width < _NARROW:
            super().__init__(prog, max_help_position=8)

    def _format_usage(
        self,
        usage: str | None,
        actions: Iterable[argparse.Action],
        groups: Iterable[argparse._MutuallyExclusiveGroup],
        prefix: str | None,
    ) -> str:
        text = super()._format_usage(usage, actions, groups, prefix)
        if self._width >= _NARROW:
            return text
        lines = (line if line.startswith("usage") else f"  {line.lstrip()}" for line in text.rstrip().split("\n"))
        return "\n".join(part for line in lines for part in _wrap(line, self._width)) + "\n\n"

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        wrapped: list[str] = []
        for prose, lines in groupby(text.splitlines(), key=_is_prose):
            found = list(lines)
            if max(map(len, found)) <= width:
                wrapped += found
            elif prose:
                wrapped += textwrap.wrap(" ".join(found), width)
            else:
                for line in found:
                    wrapped += _wrap(line, width)
        return "\n".join(indent + line for line in wrapped)


def _is_prose(line: str) -> bool:
    """Return whether a line is part of a paragraph: indented lines and headings are not."""
    return bool(line) and not line.startswith(" ") and not line.endswith(":")


def _wrap(line: str, width: int) -> list[str]:
    """Wrap a line; a row of a table within its second column."""
    row = _ROW.match(line)
    at = row.end() if row and width >= _NARROW else len(line) - len(line.lstrip()) + 4
    lines = textwrap.wrap(line, width, subsequent_indent=" " * at, break_long_words=False, break_on_hyphens=False)
    return lines or [""]


class Parser(argparse.ArgumentParser):
    """A parser that raises UsageError instead of printing and exiting."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        # argparse accepts -5 as a value, but takes -5% for an unknown option.
        self._negative_number_matcher = _NEGATIVE

    def error(self, message: str) -> NoReturn:
        """Raise UsageError."""
        words = self.prog.removeprefix(PROGRAM).strip()
        raise UsageError(f"{words + ': ' if words else ''}{message}\ntry: {self.prog} --help")


def main_parser() -> Parser:
    """Return the parser for the options before the verb; its help lists all verbs."""
    parser = _parser(PROGRAM, _DESCRIPTION, f"verbs:\n{_listed(verbs.SUMMARIES)}\n\n{_EXAMPLE}")
    parser.usage = f"{PROGRAM} [-h] [--version] VERB ..."
    parser.add_argument("--version", action="version", version=f"{PROGRAM} {__version__}")
    return parser


def family_parser(first: str) -> Parser:
    """Return the parser for the first word of a family of verbs; its help lists these verbs."""
    family = {words: summary for words, summary in verbs.SUMMARIES.items() if words.startswith(f"{first} ")}
    more = f"'{PROGRAM} {next(iter(family))} --help' and so on explain each."
    parser = _parser(f"{PROGRAM} {first}", "", f"verbs:\n{_listed(family)}\n\n{more}")
    parser.usage = f"{PROGRAM} {first} [-h] VERB ..."
    return parser


def _listed(summaries: Mapping[str, str]) -> str:
    width = max(map(len, summaries))
    return "\n".join(f"  {words:{width}}  {summary}" for words, summary in summaries.items())


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
        formatter_class=_Help,
        allow_abbrev=False,
    )
