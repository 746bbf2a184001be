"""The options of each verb as data, from which the command line, the Python functions and the help of both are made.

Each verb has a dataclass whose fields are its options; the annotation of a field contains its description, an `Option`.
The values of fields are as the user gives them (text, any kind of path, numbers); methods convert them to the types of
the library.
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
        What the option does, for the help.
    metavar
        The placeholder for its value in the help, such as ``SIZE``.
    read
        Converts the given value to a type of the library, and raises UsageError for an invalid one; leaves converted
        values unchanged. None if the value is used as it is.
    choices
        All values that are allowed; empty for no such list.
    short
        The letter of its short form on the command line; empty for none.
    also
        Further names on the command line.
    group
        The heading in the help under which it is listed.
    many
        Whether it may be given several times; then the values are collected.
    argument
        Makes it a positional argument of the command line, and tells how often it is given, as for argparse: ``"1"``,
        ``"*"`` or ``"+"``. Empty for a named option.
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
    """An option of a verb: its name in Python, its description, and its default (`MISSING` if it is required)."""

    name: str
    option: Option
    default: Any

    @property
    def is_required(self) -> bool:
        """Whether the user must give a value."""
        return self.default is MISSING


def options_of(asked: type[Any]) -> Iterator[NamedOption]:
    """Yield the options of a verb, those that it inherits first; parameters that exist only in Python are left out."""
    for field in fields(asked):
        option = option_of(field)
        if option is not None:
            yield NamedOption(field.name, option, field.default)


def option_of(field: Field[Any]) -> Option | None:
    """Return the description of a field; None for a parameter that exists only in Python."""
    return next((told for told in get_args(field.type)[1:] if isinstance(told, Option)), None)
