"""A picture as PNG, by Pillow, which is an optional dependency: letters need a rasteriser of fonts.

Twice the size in pixels, so that it is sharp on today's screens. The font is DejaVu or Noto where the system has one,
else the one that Pillow carries, which has Latin letters only.
"""

from collections.abc import Iterable
from functools import cache
from io import BytesIO
from typing import TYPE_CHECKING

from pyactivity.errors import EnvironmentFailed
from pyactivity.picture_shapes import GROUND, HEIGHT, WIDTH, Box, Shape, Words, fitted

if TYPE_CHECKING:
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

_SCALE = 2
_FONTS = {False: ("DejaVuSans.ttf", "NotoSans-Regular.ttf"), True: ("DejaVuSans-Bold.ttf", "NotoSans-Bold.ttf")}
_ANCHORS = {"start": "ls", "middle": "ms", "end": "rs"}


def require_pillow() -> None:
    """Raises EnvironmentFailed where Pillow is not installed."""
    try:
        import PIL.ImageDraw  # noqa: F401 - whether it is there
    except ImportError as error:
        raise EnvironmentFailed("a PNG needs Pillow (Debian package python3-pil); --svg needs nothing") from error


def png(shapes: Iterable[Shape]) -> bytes:
    """The picture. Raises EnvironmentFailed where Pillow is not installed."""
    require_pillow()
    from PIL import Image, ImageDraw

    image = Image.new("RGB", (WIDTH * _SCALE, HEIGHT * _SCALE), GROUND)
    draw = ImageDraw.Draw(image)
    for shape in shapes:
        if isinstance(shape, Box):
            _box(draw, shape)
        else:
            _words(draw, shape)
    out = BytesIO()
    image.save(out, "PNG", optimize=True)
    return out.getvalue()


def _box(draw: "ImageDraw", box: Box) -> None:
    left, top = round(box.x * _SCALE), round(box.y * _SCALE)
    # Pillow's lower right corner belongs to the rectangle.
    right = max(left, round((box.x + box.width) * _SCALE) - 1)
    bottom = max(top, round((box.y + box.height) * _SCALE) - 1)
    draw.rounded_rectangle((left, top, right, bottom), box.radius * _SCALE, box.colour)


def _words(draw: "ImageDraw", words: Words) -> None:
    font = _font(words.size * _SCALE, words.bold)
    text = fitted(words)  # by far most of a long one, for the font is slow
    if font.getlength(text) > words.room * _SCALE:
        while text and font.getlength(text + "\N{HORIZONTAL ELLIPSIS}") > words.room * _SCALE:
            text = text[:-1]
        text += "\N{HORIZONTAL ELLIPSIS}"
    draw.text((words.x * _SCALE, words.y * _SCALE), text, words.colour, font, _ANCHORS[words.anchor])


@cache
def _font(size: int, bold: bool) -> "FreeTypeFont | ImageFont":
    from PIL import ImageFont

    for name in _FONTS[bold]:
        try:
            return ImageFont.truetype(name, size)
        except OSError:
            continue
    return ImageFont.load_default(size)
