"""Media by name, and how many bytes each takes."""

from __future__ import annotations

from pybackup.errors import UsageError
from pybackup.sector import SECTOR

from .size import parse_size

# Sectors of user data: Red Book 74 and 80 minutes less the run-out, ECMA-267 and 337 (DVD), BDA white papers. With
# spare areas, as a BD-RE has and a BD-R that was formatted, a Blu-ray takes less: what drives leave by default.
MEDIA = {
    "cd650": 333_000 * SECTOR,
    "cd700": 359_847 * SECTOR,
    "dvd": 2_295_104 * SECTOR,
    "dvd-dl": 4_171_712 * SECTOR,
    "bd25": 12_219_392 * SECTOR,
    "bd25-spare": 11_826_176 * SECTOR,
    "bd50": 24_438_784 * SECTOR,
    "bd50-spare": 23_652_352 * SECTOR,
    "bdxl100": 48_878_592 * SECTOR,
    "bdxl128": 62_500_864 * SECTOR,
}


def parse_medium(text: str) -> int:
    """Return how many bytes a medium takes: ``cd700``, ``dvd``, or any size such as ``596M``.

    Raises
    ------
    UsageError
        It is neither.
    """
    known = MEDIA.get(text.strip().lower())
    if known is not None:
        return known
    try:
        return parse_size(text)
    except UsageError as error:
        raise UsageError(f"not a size such as 596M, nor one of {', '.join(MEDIA)}: {text!r}") from error
