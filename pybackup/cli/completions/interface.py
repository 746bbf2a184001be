"""What can be completed: verbs, options and the kinds of their values, read from the parsers."""

from __future__ import annotations

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from .. import verbs
from ..parser import main_parser, verb_parser


class Values(StrEnum):
    """The kinds of values of an argument, by which shells choose what to offer."""

    NONE = "none"
    FILES = "files"
    DIRECTORIES = "directories"
    WORDS = "words"
    OTHER = "other"


_BY_METAVAR = {
    "ARCHIVE": Values.FILES,
    "FILE": Values.FILES,
    "OUT.xtar": Values.FILES,
    "SRC": Values.FILES,
    "DIR": Values.DIRECTORIES,
}


@dataclass(frozen=True, slots=True)
class Argument:
    """An option of a verb, or a positional argument if it has no flags."""

    flags: tuple[str, ...]
    values: Values
    words: tuple[str, ...]
    metavar: str
    help: str
    many: bool


@dataclass(frozen=True, slots=True)
class Command:
    """A verb with its arguments; without words, the options before the verb."""

    words: tuple[str, ...]
    summary: str
    options: Sequence[Argument]
    positionals: Sequence[Argument]


@dataclass(frozen=True, slots=True)
class Interface:
    """The whole command line: the options before the verb, and all verbs."""

    main: Command
    commands: Sequence[Command]

    def choices(self, *before: str) -> dict[str, str]:
        """Return the words that may follow the given words of a verb, each with its description."""
        found: dict[str, list[str]] = {}
        depth = len(before)
        for command in self.commands:
            if command.words[:depth] == before and len(command.words) > depth:
                found.setdefault(command.words[depth], []).append(command.summary)
        return {word: one[0] if len(one) == 1 else "save or restore a skeleton" for word, one in found.items()}

    @property
    def families(self) -> list[str]:
        """The first words of all verbs that consist of two words."""
        return list(dict.fromkeys(command.words[0] for command in self.commands if len(command.words) > 1))


def read_interface() -> Interface:
    """Return what the parsers accept."""
    commands = [_command(tuple(words.split()), summary) for words, summary in verbs.SUMMARIES.items()]
    return Interface(_from_parser((), "", main_parser()), commands)


def _command(words: tuple[str, ...], summary: str) -> Command:
    return _from_parser(words, summary, verb_parser(" ".join(words)))


def _from_parser(words: tuple[str, ...], summary: str, parser: argparse.ArgumentParser) -> Command:
    arguments = [_argument(action) for action in parser._actions]
    options = [argument for argument in arguments if argument.flags]
    return Command(words, summary, options, [argument for argument in arguments if not argument.flags])


def _argument(action: argparse.Action) -> Argument:
    metavar = action.metavar if isinstance(action.metavar, str) else ""
    if action.nargs == 0:
        values = Values.NONE
    elif action.choices is not None:
        values = Values.WORDS
    else:
        values = _BY_METAVAR.get(metavar, Values.OTHER)
    words = tuple(map(str, action.choices or ()))
    many = action.nargs in ("*", "+") or isinstance(action, argparse._AppendAction)
    return Argument(tuple(action.option_strings), values, words, metavar, action.help or "", many)
