"""A picture as SVG: text stays text, and every name is escaped."""

from collections.abc import Iterable, Iterator
from xml.sax.saxutils import escape, quoteattr

from pyactivity.picture_shapes import HEIGHT, WIDTH, Box, Shape, Words, fitted

_FONTS = "system-ui, 'Segoe UI', Roboto, 'Noto Sans', 'DejaVu Sans', sans-serif"


def svg(shapes: Iterable[Shape]) -> Iterator[bytes]:
    """The picture, piece by piece, in UTF-8."""
    yield (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'role="img" font-family="{_FONTS}">\n'
    ).encode()
    for shape in shapes:
        yield (_box(shape) if isinstance(shape, Box) else _words(shape)).encode()
    yield b"</svg>\n"


def _box(box: Box) -> str:
    place = f'x="{box.x:.2f}" y="{box.y:.2f}" width="{box.width:.2f}" height="{box.height:.2f}"'
    return f'<rect {place} rx="{box.radius:g}" fill="{box.colour}"/>\n'


def _words(words: Words) -> str:
    weight = ' font-weight="650"' if words.bold else ""
    place = f'x="{words.x:.2f}" y="{words.y:.2f}" font-size="{words.size}" text-anchor="{words.anchor}"'
    return f"<text {place} fill={quoteattr(words.colour)}{weight}>{escape(fitted(words))}</text>\n"
