"""Python functions made from a dataclass of options: the fields are their parameters, described by the help texts."""

import inspect
from dataclasses import dataclass
from typing import Annotated

import pytest

from pybackup.options import Option
from pybackup.options.functions import takes


@dataclass(frozen=True)
class Asked:
    name: Annotated[str, Option("what it is called")]
    colour: Annotated[str, Option("how it looks", choices=("red", "blue"))] = "red"


@takes(Asked)
def tell(asked: Asked) -> str:
    """Tell of a thing.

    Raises
    ------
    ValueError
        It has no name.
    """
    if not asked.name:
        raise ValueError(asked.name)
    return f"{asked.colour} {asked.name}"


def test_the_fields_are_its_parameters() -> None:
    assert tell("ball") == "red ball"
    assert tell("ball", colour="blue") == "blue ball"
    with pytest.raises(TypeError, match="colours"):
        tell("ball", colours="blue")  # type: ignore[call-arg]
    assert [*inspect.signature(tell).parameters] == ["name", "colour"]
    assert inspect.signature(tell).parameters["colour"].default == "red"
    assert inspect.signature(tell).return_annotation is str


def test_their_help_stands_before_what_is_raised() -> None:
    assert inspect.getdoc(tell) == (
        "Tell of a thing.\n\n"
        "Parameters\n----------\n"
        "name\n    what it is called\n"
        "colour\n    how it looks: red, blue\n\n"
        "Raises\n------\n"
        "ValueError\n    It has no name."
    )
