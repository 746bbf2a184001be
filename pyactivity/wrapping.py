"""Lines no wider than a terminal: broken between the items of a list, else between words, never within one.

Of a path a name is a word: what is still too long is broken behind a slash.
"""

import re
from collections.abc import Iterator

_INDENT, _NARROW_INDENT, _NARROW = 9, 4, 60


def wrapped(head: str, rest: str, columns: int, *, indent: int | None = None) -> Iterator[str]:
    """A line of two parts; where it is too long the second part below it, in as many lines as it needs.

    head     columns, two blanks or more between them; blank where there are none
    rest     a list, its items ended by a comma or a semicolon, or a sentence
    columns  how wide a terminal is; 0 for no limit
    indent   of all lines but the first; None for that of a group's lines
    """
    if not columns or len(head) + len(rest) <= columns:
        yield head + rest
        return
    if indent is None:
        indent = _INDENT if columns >= _NARROW else _NARROW_INDENT
    if not head:
        yield from _filled(rest, columns, "", " " * indent)
        return
    if head.strip():
        yield from _columns(head, columns, " " * indent)
    if rest.strip():
        yield from _filled(rest.lstrip(), columns, " " * indent, " " * indent)


def _columns(head: str, columns: int, indent: str) -> Iterator[str]:
    """Columns as they are where they fit, else as many on a line as do, each further line indented."""
    if len(head.rstrip()) <= columns:
        yield head.rstrip()
        return
    line, *cells = re.split(r"(?<=\S) {2,}", head.strip())
    for cell in cells:
        if len(line) + 2 + len(cell) > columns:
            yield line
            line = indent + cell
        else:
            line += f"  {cell}"
    yield line


def _filled(text: str, columns: int, first: str, indent: str) -> Iterator[str]:
    line, start = first, first
    for item in re.split(r"(?<=[,;]) ", text):
        for piece in [item] if len(indent) + len(item) <= columns else _words(item, columns - len(indent)):
            glue = "" if line == start or piece.startswith("\0") else " "
            piece = piece.removeprefix("\0")
            if line != start and len(line) + len(glue) + len(piece) > columns:
                yield line
                line = start = indent
                glue = ""
            line += glue + piece
    yield line


def _words(item: str, room: int) -> Iterator[str]:
    """The words of an item, one that is too long in pieces that end in slashes; a NUL joins a piece to the last."""
    for word in item.split(" "):
        if len(word) <= room:
            yield word
            continue
        for number, piece in enumerate(re.findall(r"[^/]*/+|[^/]+", word)):
            yield "\0" + piece if number else piece
