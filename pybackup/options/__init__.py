"""The options of each verb, as data, from which the command line, the functions in Python and their help are made.

A verb has a dataclass, whose fields are its options; what is to be said of one stands in its annotation, an `Option`.
Values are as somebody writes them (text, any path, numbers); the methods give what they come to in the library.
"""

import os
from collections.abc import Callable, Iterator
from dataclasses import MISSING, Field, dataclass, fields
from typing import Any, TypeVar, get_args

Path = str | bytes | os.PathLike[str] | os.PathLike[bytes]

_Asked = TypeVar("_Asked")


@dataclass(frozen=True, slots=True)
class Option:
    """The description of an option.

    Attributes
    ----------
    help
        What it does.
    metavar
        What stands for its value.
    read
        Makes what the library takes of what is written, raises UsageError for what makes no sense; takes its own
        results, too. None for text.
    choices
        The values it may have, if these are few.
    short
        The letter that stands for it on a command line; empty for none.
    also
        Other names that it has there.
    group
        Heading of what it belongs to.
    many
        May be given several times, each adds to the others.
    argument
        Stands on a command line without its name; how often, as argparse writes it: ``"1"``, ``"*"`` or ``"+"``.
    """

    help: str
    metavar: str = ""
    read: Callable[[Any], Any] | None = None
    choices: tuple[str, ...] = ()
    short: str = ""
    also: tuple[str, ...] = ()
    group: str = ""
    many: bool = False
    argument: str = ""


@dataclass(frozen=True, slots=True)
class NamedOption:
    """An option of a verb: its name in Python, its description, its default (`MISSING` for none)."""

    name: str
    option: Option
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether a value must be given."""
        return self.default is MISSING


def options_of(asked: type[Any]) -> Iterator[NamedOption]:
    """Yield the options of a verb, first those that it shares with others; without those that only Python has."""
    for field in fields(asked):
        option = option_of(field)
        if option is not None:
            yield NamedOption(field.name, option, field.default)


def option_of(field: Field[Any]) -> Option | None:
    """Return the description of a field; None for one that only Python has."""
    return next((told for told in get_args(field.type)[1:] if isinstance(told, Option)), None)
