"""Names for the eye, so that no name acts on a terminal, and each is told from every other."""

from __future__ import annotations


def display(name: bytes) -> str:
    """Return a name for the eye: what is not printable, or no UTF-8, as a backslash escape, a backslash as two."""
    return printable(name.decode("utf-8", "surrogateescape").replace("\\", "\\\\"))


def printable(text: str) -> str:
    """Return a text without what a terminal would act on."""
    return text if text.isprintable() else "".join(map(_escaped, text))


def _escaped(character: str) -> str:
    if character.isprintable():
        return character
    if "\udc80" <= character <= "\udcff":
        return f"\\x{ord(character) - 0xDC00:02x}"
    return character.encode("unicode_escape").decode("ascii")
