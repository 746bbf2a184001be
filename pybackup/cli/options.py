"""Making argparse options from the dataclasses in `pybackup.options`, and these dataclasses from parsed arguments."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Collection
from dataclasses import replace
from typing import Any, TypeVar

from pybackup.errors import UsageError
from pybackup.model.problem import Trouble
from pybackup.monitor import Monitor
from pybackup.options import NamedOption, options_of

from .monitor import Talk
from .text import flag, reason_of

_Asked = TypeVar("_Asked")
_Container = argparse.ArgumentParser | argparse._ArgumentGroup | argparse._MutuallyExclusiveGroup
_STDIN = b"-"


def add_options(
    parser: argparse.ArgumentParser,
    *asked: type[Any],
    without: Collection[str] = (),
    optional: Collection[str] = (),
) -> None:
    """Add the options of the API functions that a verb calls.

    Parameters
    ----------
    asked
        The dataclasses of their options. Only options of the first one can be required.
    without
        Names of options to leave out.
    optional
        Names of options that are optional on the command line, but required in Python.
    """
    groups: dict[str, _Container] = {"": parser}
    known = set(without)
    for each in asked:
        for named in options_of(each):
            if named.name in known:
                continue
            known.add(named.name)
            heading = named.option.group
            if heading not in groups:
                groups[heading] = parser.add_argument_group(heading)
            required = named.is_required and each is asked[0] and named.name not in optional
            _add(groups[heading], named, required=required)


def add_option(container: _Container, asked: type[Any], name: str, known_as: str = "") -> None:
    """Add one option to a parser or group, under another name if ``known_as`` is given."""
    named = next(named for named in options_of(asked) if named.name == name)
    _add(container, replace(named, name=known_as or name), required=False)


def _add(container: _Container, named: NamedOption, *, required: bool) -> None:
    option = named.option
    more: dict[str, Any] = {"help": option.help.replace("%", "%%")}
    if option.metavar:
        more["metavar"] = option.metavar
    if option.choices:
        more["choices"] = option.choices
    if option.read:
        more["type"] = argument(option.read)
    if option.argument:
        nargs = None if option.argument == "1" else option.argument
        container.add_argument(named.name, nargs=nargs, **more)
        return
    if named.default is False:
        more["action"] = "store_true"
    elif option.many:
        more |= {"action": "append", "default": []}
    else:
        more |= {"default": None if named.is_required else named.default, "required": required}
    flags = [*([f"-{option.short}"] if option.short else []), *map(flag, (named.name, *option.also))]
    container.add_argument(*flags, dest=named.name, **more)


def argument(read: Callable[[Any], Any]) -> Callable[[str], Any]:
    """Return ``read`` as a type for argparse: a UsageError becomes the error that argparse shows word for word."""

    def reading(text: str) -> Any:
        try:
            return read(text)
        except UsageError as error:
            raise argparse.ArgumentTypeError(reason_of(error)) from error

    return reading


def asked_of(asked: Callable[..., _Asked], options: argparse.Namespace, monitor: Monitor, **instead: Any) -> _Asked:
    """Return the dataclass of options for an API function from the parsed command line.

    Parameters
    ----------
    instead
        Values of options that have another name on the command line.
    """
    given = {
        named.name: _given(named.name, getattr(options, named.name))
        for named in options_of(asked)  # type: ignore[arg-type]
        if hasattr(options, named.name)
    }
    return asked(**given | instead, monitor=monitor)


def _given(name: str, value: Any) -> Any:
    """Return a value; standard input in place of ``-`` for options that read a list."""
    return sys.stdin.buffer if name in ("files_from", "select") and value == _STDIN else value


def add_talk(parser: argparse.ArgumentParser, *, verbose: bool = False) -> None:
    """Add the options for how much is printed, and in which form."""
    group = parser.add_argument_group("output")
    group.add_argument("--quiet", action="store_true", help="print nothing but problems")
    if verbose:
        group.add_argument("--verbose", action="store_true", help="name each file")
    group.add_argument("--json", action="store_true", help="results as JSON on standard output")


def talk_of(options: argparse.Namespace, archive: bytes, results: Collection[Trouble] = ()) -> Talk:
    """Return the monitor for the parsed options."""
    verbose, can_replace = getattr(options, "verbose", False), hasattr(options, "overwrite")
    return Talk(archive, quiet=options.quiet, verbose=verbose, results=results, can_replace=can_replace)


def given_beside(options: argparse.Namespace, asked: type[Any], other: type[Any]) -> str | None:
    """Return the first given option that ``asked`` has and ``other`` has not, as typed; None if there is none."""
    common = {named.name for named in options_of(other)}
    for named in options_of(asked):
        if named.name not in common and getattr(options, named.name) not in (None, named.default):
            return named.name
    return None
