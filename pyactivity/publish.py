"""Put a page and pictures of a report into files, each whole or not at all."""

import os
import tempfile
from collections.abc import Iterable
from contextlib import suppress

from pyactivity.errors import EnvironmentFailed
from pyactivity.page import page
from pyactivity.picture import picture
from pyactivity.picture_png import png as png_of
from pyactivity.picture_svg import svg as svg_of
from pyactivity.report import Report


def publish(report: Report, *, html: str | None = None, svg: str | None = None, png: str | None = None) -> None:
    """Write a report as a page and as pictures, to the files that are named; what stood there is replaced.

    Raises EnvironmentFailed where a file cannot be written, or a PNG is wanted and Pillow is missing.
    """
    if html:
        _write(html, page(report))
    if svg:
        _write(svg, svg_of(picture(report)))
    if png:
        _write(png, [png_of(picture(report))])


def _write(path: str, pieces: Iterable[bytes]) -> None:
    # Beside the file, for a rename across file systems would not be one step.
    temporary = None
    try:
        if os.path.exists(path) and not os.path.isfile(path):  # a device or a pipe
            with open(path, "wb") as stream:
                stream.writelines(pieces)
            return
        descriptor, temporary = tempfile.mkstemp(prefix=".pyactivity-", dir=os.path.dirname(path) or ".")
        with open(descriptor, "wb") as stream:
            stream.writelines(pieces)
            os.fchmod(descriptor, 0o666 & ~_umask())
        os.replace(temporary, path)
        temporary = None
    except OSError as error:
        raise EnvironmentFailed(f"cannot write {path}: {error.strerror}") from error
    finally:
        if temporary:
            with suppress(OSError):
                os.unlink(temporary)


def _umask() -> int:
    mask = os.umask(0o077)
    os.umask(mask)
    return mask
