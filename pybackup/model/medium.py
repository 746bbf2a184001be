"""Media by name, and how many bytes each takes."""

from __future__ import annotations

from pybackup.errors import UsageError

from .size import parse_size

_SECTOR = 2048
# Sectors of user data: Red Book 74 and 80 minutes less the run-out, ECMA-267 and 337 (DVD), BDA white papers. With
# spare areas, as a BD-RE has and a BD-R that was formatted, a Blu-ray takes less: what drives leave by default.
MEDIA = {
    "cd650": 333_000 * _SECTOR,
    "cd700": 359_847 * _SECTOR,
    "dvd": 2_295_104 * _SECTOR,
    "dvd-dl": 4_171_712 * _SECTOR,
    "bd25": 12_219_392 * _SECTOR,
    "bd25-spare": 11_826_176 * _SECTOR,
    "bd50": 24_438_784 * _SECTOR,
    "bd50-spare": 23_652_352 * _SECTOR,
    "bdxl100": 48_878_592 * _SECTOR,
    "bdxl128": 62_500_864 * _SECTOR,
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
