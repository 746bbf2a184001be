"""The trees whose archives are damaged.

peers300  300 files in 30 directories, 15.7 MB, half of them text and half random bytes
home      a home directory: the `mixed` corpus, about 4,400 files and 83 MB
"""

from collections.abc import Callable
from pathlib import Path
from typing import Final

import numpy as np

from benchmarks import corpora, prose
from benchmarks.prose import Author

SEED: Final = corpora.SEED

_DIRECTORIES: Final = 30
_FILES: Final = 300
_BYTES: Final = 15_700_000
_SPREAD: Final = 1.3  # of the logarithms of the sizes
_DRAW: Final = 183  # with it, `bound` and the peers bring back what was once measured on the tree that is imitated
_HOME_SCALE: Final = 0.265


def peers300(_kept: Path, work: Path, scale: float) -> Path:
    """The tree of 300 files, made in `work`; `scale` is that of the sizes."""
    rng = np.random.default_rng([SEED, _DRAW])
    drawn = np.exp(rng.standard_normal(_FILES) * _SPREAD)
    sizes = (drawn * (_BYTES * scale / drawn.sum())).astype(np.int64).tolist()
    author = Author(rng)
    tree = work / "peers300"
    for number, size in enumerate(sizes):
        directory = tree / f"d{number * _DIRECTORIES // _FILES:02}"
        directory.mkdir(parents=True, exist_ok=True)
        kind = prose.SMALL_KINDS[number // 2 % len(prose.SMALL_KINDS)]
        if number % 2:
            (directory / f"{number:03}{kind.suffix}").write_bytes(author.write(kind, size))
        else:
            (directory / f"{number:03}.bin").write_bytes(rng.bytes(size))
    return tree


def home(kept: Path, _work: Path, scale: float) -> Path:
    """The home directory, kept in `kept` for the next time."""
    return corpora.kept("mixed", kept, scale=_HOME_SCALE * scale)[0]


SUBJECTS: Final[dict[str, Callable[[Path, Path, float], Path]]] = {"peers300": peers300, "home": home}
