"""Globs over the whole paths of an archive: the language of the exclusion patterns, but that a star crosses slashes."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pyactivity.wildmatch import MatchesNothing, crossing_expression


def matching(pattern: bytes, paths: Sequence[bytes]) -> list[int]:
    """Return the numbers of the paths that a glob matches, and of those below; none for one that makes no sense."""
    try:
        expression = crossing_expression(pattern.decode(errors="surrogateescape"))
    except MatchesNothing:
        return []
    match = re.compile(expression, re.DOTALL).match
    return [row for row, path in enumerate(paths) if match(path.decode(errors="surrogateescape"))]
