"""The newest and the largest files, as `ls -t` and `ls -S` list them of one directory."""

import numpy as np
from numpy.typing import NDArray

from pyactivity.activities import believable
from pyactivity.model import Files


def newest(files: Files, members: NDArray[np.intp], number: int, *, now_ns: int, by: str = "mtime") -> NDArray[np.intp]:
    """Of the files at `members` the newest few, newest first, those of one time by their index.

    now_ns  what is later, and what has no time, is none of them
    """
    times_ns = files.times_ns(by)
    dated = members[believable(times_ns[members], now_ns)]
    # Bits turned round fall where times rise, at the ends of int64 too.
    return dated[np.lexsort((dated, ~times_ns[dated]))][:number]


def largest(files: Files, members: NDArray[np.intp], number: int) -> NDArray[np.intp]:
    """Of the files at `members` the largest few, largest first, those of one size by their index."""
    return members[np.lexsort((members, ~files.size_bytes[members]))][:number]
