"""Making Python functions whose parameters are the fields of a dataclass of options, with types, defaults and help."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

from . import option_of

_Parameters = ParamSpec("_Parameters")
_Asked = TypeVar("_Asked")
_Result = TypeVar("_Result")


def takes(
    asked: Callable[_Parameters, _Asked],
) -> Callable[[Callable[[_Asked], _Result]], Callable[_Parameters, _Result]]:
    """Return a decorator that turns a function of one dataclass object into one with the fields as parameters."""

    def decorate(do: Callable[[_Asked], _Result]) -> Callable[_Parameters, _Result]:
        @wraps(do)
        def function(*positional: _Parameters.args, **named: _Parameters.kwargs) -> _Result:
            return do(asked(*positional, **named))

        signature = inspect.signature(asked)
        function.__signature__ = signature.replace(  # type: ignore[attr-defined]
            return_annotation=do.__annotations__["return"]
        )
        function.__doc__ = _described(do.__doc__ or "", asked)
        return function

    return decorate


def _described(text: str, asked: object) -> str:
    """Return a docstring with a section on the parameters added, before the section Raises."""
    before, raises, after = inspect.cleandoc(text).partition("\n\nRaises\n------\n")
    lines = ["", "", "Parameters", "----------"]
    for field in asked.__dataclass_fields__.values():  # type: ignore[attr-defined]
        option = option_of(field)
        if option is not None:
            choices = f": {', '.join(option.choices)}" if option.choices else ""
            lines += [field.name, f"    {option.help}{choices}"]
    return before + "\n".join(lines) + raises + after
