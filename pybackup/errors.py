"""Every failure that ends a run, in one tree.

    PybackupError
    +-- UsageError            the request makes no sense
    |   +-- Exists            a name is taken, and what has it is not to be replaced
    +-- FormatError           bytes that are not what they should be
    |   +-- NotAnArchive      no structure of an archive was found
    |   +-- Damaged           a structure was found, and is damaged
    |   +-- Refused           well formed, but would harm whoever obeys it
    +-- EnvironmentFailed     disk full, no permission on the output, a missing program

What hurts one file only is no exception: it goes to the monitor as a problem, and the run goes on.
"""

import os
from collections.abc import Callable


class PybackupError(Exception):
    """The root: a message that names the file and says what to do.

    Parameters
    ----------
    option
        The option that has to do with it, named as the parameter of the function in Python is.
    hint
        What that option does about it: the rest of a sentence that begins with its name. Without one the message is
        that rest.
    """

    def __init__(self, message: str = "", *, option: str = "", hint: str = "") -> None:
        super().__init__(message)
        self.option = option
        self.hint = hint

    def __str__(self) -> str:
        return self.worded(str)

    def worded(self, name: Callable[[str], str]) -> str:
        """Return the message with the option called as ``name`` calls it, which is given its name in Python."""
        message = super().__str__()
        if not self.option:
            return message
        return f"{message}; {name(self.option)} {self.hint}" if self.hint else f"{name(self.option)} {message}"

    def without(self, path: bytes) -> str:
        """Return the message for where that file is named already."""
        return str(self).removeprefix(f"{os.fsdecode(path)}: ")


class UsageError(PybackupError):
    """The request contradicts itself or names something that does not exist."""


class Exists(UsageError):
    """A name that shall be given is taken, and nobody said that what has it is to be replaced."""


class FormatError(PybackupError):
    """Bytes are not what the format says they must be."""


class NotAnArchive(FormatError):
    """Nothing in the file belongs to an archive."""


class Damaged(FormatError):
    """A structure was recognised, and its checksum or its rules do not hold."""


class Refused(FormatError):
    """A well-formed structure asks for something that would harm the reader."""


class EnvironmentFailed(PybackupError):
    """The machine could not do it: disk full, no permission on the output, a program missing."""
