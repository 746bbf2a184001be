"""Hashes of what is made of seeded corpora: the same with any number of workers, and beside another checkout.

`python -m benchmarks.hashes [OTHER] [--corpora NAME,...] [--scale F]` makes an archive in several ways and a set of
volumes with a recovery volume of each corpus, with one worker and with two, prints the SHA-256 of all bytes of each,
and exits 1 where two of them differ. With OTHER, a checkout that writes the same version of the format, its own
pybackup makes them as well.
"""

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from benchmarks.tables import aligned

_HERE: Final = Path(__file__).parents[1]
_WORKERS: Final = ("1", "2")
_WAYS: Final[dict[str, Sequence[str]]] = {
    "archive": (),
    "fast, no parity": ("--compression", "fast", "--parity", "none"),
    "sidecar": ("--compression", "store", "--parity-sidecar"),
    "set": ("--volumes", "made", "--volume-size", "2M", "--recovery-volumes", "1", "--pack", "tight"),
}


def digest_of(directory: Path) -> str:
    """Return one SHA-256 of the names and bytes of all files in a directory."""
    found = hashlib.sha256()
    for path in sorted(each for each in directory.rglob("*") if each.is_file()):
        found.update(f"{path.relative_to(directory)} {hashlib.sha256(path.read_bytes()).hexdigest()}\n".encode())
    return found.hexdigest()


def made_by(checkout: Path, tree: Path, way: str, workers: str, room: Path) -> str:
    """Make an archive or a set with the pybackup of a checkout, and return its hash."""
    words = list(_WAYS[way])
    if "--volumes" not in words:
        words += ["-o", "made/made.xtar"]
    (room / "made").mkdir()
    try:
        command = [sys.executable, "-m", "pybackup", "create", str(tree), *words, "--workers", workers, "--quiet"]
        # What is made is of no account in the catalogue of whoever measures.
        environment = {**os.environ, "PYTHONPATH": str(checkout), "PYBACKUP_CATALOGUE": "none"}
        subprocess.run(command, cwd=room, check=True, env=environment)
        return digest_of(room / "made")
    finally:
        shutil.rmtree(room / "made")


def main(argv: Sequence[str] | None = None) -> int:
    """Make, print, and tell whether any two differ that should not."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hashes", description=__doc__)
    parser.add_argument("other", metavar="OTHER", type=Path, nargs="?", help="another checkout")
    parser.add_argument("--corpora", default="small,mixed", help="(default: small,mixed)")
    parser.add_argument("--scale", default="0.02", help="of the corpora (default: 0.02)")
    options = parser.parse_args(argv)
    checkouts = [_HERE, *([options.other.resolve()] if options.other else [])]
    rows: list[tuple[str, ...]] = [("corpus", "way", *(f"SHA-256 by {each.name}" for each in checkouts))]
    differ = False
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        for corpus in options.corpora.split(","):
            tree = room / corpus
            make = [sys.executable, "-m", "benchmarks.corpora", corpus, str(tree), "--scale", options.scale]
            subprocess.run(make, cwd=_HERE, check=True, stdout=subprocess.DEVNULL)
            for way in _WAYS:
                hashes = [[made_by(each, tree, way, workers, room) for workers in _WORKERS] for each in checkouts]
                differ |= len({each for found in hashes for each in found}) > 1
                rows.append((corpus, way, *("/".join(each[:16] for each in dict.fromkeys(found)) for found in hashes)))
    print("\n".join(aligned(rows)))
    print("some of these differ" if differ else "each is the same, whoever made it with how many workers")
    return int(differ)


if __name__ == "__main__":
    sys.exit(main())
