"""Put a page and pictures of a report into files."""

from pyactivity.page import page
from pyactivity.picture import picture
from pyactivity.picture_png import png as png_of
from pyactivity.picture_png import require_pillow
from pyactivity.picture_svg import svg as svg_of
from pyactivity.report import Report
from pyactivity.streams import publish


def check_presentable(*, html: str | None = None, svg: str | None = None, png: str | None = None) -> None:
    """Tell before a long scan what would fail behind it. Raises EnvironmentFailed where a PNG lacks Pillow."""
    if png:
        require_pillow()


def present(
    report: Report,
    *,
    html: str | None = None,
    svg: str | None = None,
    png: str | None = None,
    overwrite: bool = False,
) -> None:
    """Write a report as a page and as pictures, to the files that are named; with `overwrite` over what stood there.

    Raises EnvironmentFailed where a file cannot be written, or a PNG is wanted and Pillow is missing, and BadValue
    where a file exists that is not to be overwritten.
    """
    if html:
        publish(html, page(report), overwrite=overwrite)
    if svg:
        publish(svg, svg_of(picture(report)), overwrite=overwrite)
    if png:
        publish(png, [png_of(picture(report))], overwrite=overwrite)
