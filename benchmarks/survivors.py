"""The programs whose media are damaged: how each writes one, and what a careful user types to get the files back.

Each has one recipe or several. The next is tried, into another directory, only when a step of the last one complained:
who is told that all is well looks no further. Peers get the options that PEERS chose for them: no solid blocks, dar
lax (-al), par2 and dvdisaster at their usual geometry.

All that can be told which files come first take them in the order of their names, as pybackup does: what lies at the
end of a medium is lost with it, and half of the bytes of `home` hardly shrink: another order would decide alone.
"""

import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contenders import DAR_ZSTD, PEERS, SEVEN_ZIP, MissingError, Step

_PAR2_BLOCK_BYTES: Final = 20 << 10
# In the order in which pybackup stores them: a slash before any other byte.
_SORT: Final = "tr / '\\001' | LC_ALL=C sort | tr '\\001' /"
_NAMES: Final = f"find . | {_SORT}"
_FILES: Final = f"find . -type f | {_SORT}"
_ROOT: Final = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Place:
    """Where a contender works: the tree that it saves, the directory of what lies on the medium and gets damaged, one
    for what does not, and where to restore to."""

    tree: Path
    medium: Path
    aside: Path
    to: Path


Recipe = Callable[[Place], list[Step]]


@dataclass(frozen=True)
class Survivor:
    """A program with its options. `make` fills the medium, each of `recipes` restores what it can from it.

    `named` says that what is restored lies in a directory called like the tree.
    """

    name: str
    needs: tuple[str, ...]
    make: Recipe
    recipes: tuple[Recipe, ...]
    named: bool = False

    def root(self, place: Place) -> Path:
        """Where restored files lie."""
        return place.to / place.tree.name if self.named else place.to

    def missing(self) -> list[str]:
        """The programs that this one needs and that are not installed."""
        return [program for program in self.needs if shutil.which(program) is None]


def _python(module: str, *arguments: str | Path) -> Step:
    """A module of this repository, by this interpreter."""
    return Step((sys.executable, "-m", module, *map(str, arguments)), _ROOT)


def _run(*arguments: str | Path, cwd: Path | None = None) -> Step:
    return Step(tuple(map(str, arguments)), cwd)


def _pybackup(parity: str) -> Survivor:
    """`salvage` repairs what the parity allows, then restores what is whole."""

    def make(at: Place) -> list[Step]:
        return [_python("pybackup", "create", at.tree, "-o", at.medium / "a.xtar", "--parity", parity, "--quiet")]

    def salvage(at: Place) -> list[Step]:
        return [_python("pybackup", "salvage", at.medium / "a.xtar", "--to", at.to, "--quiet")]

    return Survivor("pybackup" if parity == "none" else f"pybackup-{parity}", (), make, (salvage,), named=True)


def _pybackup_disc(percent: int) -> Survivor:
    """The image of a disc, with parity over its file system too."""

    def make(at: Place) -> list[Step]:
        volume = at.aside / "a.xtar"
        return [
            _python("pybackup", "create", at.tree, "-o", volume, "--parity", f"{percent}%", "--quiet"),
            _python("pybackup", "disc", "build", volume, "--to", at.medium, "--quiet"),
        ]

    def salvage(at: Place) -> list[Step]:
        return [_python("pybackup", "salvage", at.medium / "a.iso", "--to", at.to, "--quiet")]

    return Survivor(f"pybackup-disc-{percent}%", (), make, (salvage,), named=True)


def _bound() -> Survivor:
    def make(at: Place) -> list[Step]:
        return [_python("benchmarks.bound", "make", at.tree, at.medium / "a.z", at.aside / "index")]

    def take(at: Place) -> list[Step]:
        return [_python("benchmarks.bound", "take", at.medium / "a.z", at.aside / "index", at.to)]

    return Survivor("bound", (), make, (take,))


def _tar_xz() -> Survivor:
    def make(at: Place) -> list[Step]:
        return [_run("tar", "--sort=name", "-cJf", at.medium / "a.tar.xz", "-C", at.tree, ".")]

    def extract(at: Place) -> list[Step]:
        return [_run("tar", "-xJf", at.medium / "a.tar.xz", "-C", at.to)]

    return Survivor("tar.xz", ("tar", "xz"), make, (extract,))


def _zip() -> Survivor:
    def make(at: Place) -> list[Step]:
        return [_run("sh", "-c", f'{_NAMES} | zip -q -@ "$0"', at.medium / "a.zip", cwd=at.tree)]

    def extract(at: Place) -> list[Step]:
        return [_run("unzip", "-q", "-o", at.medium / "a.zip", "-d", at.to)]

    def fixed(at: Place) -> list[Step]:
        """zip asks whether a zip without an end is all of it, and answers itself when quiet; unzip takes what -FF makes
        of one for a bomb."""
        mended = at.aside / "fixed.zip"
        return [
            _run("sh", "-c", 'yes | zip -FF "$0" --out "$1"', at.medium / "a.zip", mended),
            _run("env", "UNZIP_DISABLE_ZIPBOMB_DETECTION=TRUE", "unzip", "-q", "-o", mended, "-d", at.to),
        ]

    return Survivor("zip", ("zip", "unzip"), make, (extract, fixed))


def _tarlz() -> Survivor:
    peer = next(peer for peer in PEERS if peer.name == "tarlz")

    def make(at: Place) -> list[Step]:
        # It reads no list of names, and takes directories with all that is in them.
        command = f'{_FILES} | tr "\\n" "\\0" | xargs -0 -s 2000000 -x tarlz -q --no-solid -cf "$0"'
        return [_run("sh", "-c", command, at.medium / "a.tar.lz", cwd=at.tree)]

    def extract(at: Place) -> list[Step]:
        return [peer.extract(at.medium / "a.tar.lz", at.to)]

    def serially(at: Place) -> list[Step]:
        return [_run("tarlz", "-q", "-n0", "--keep-damaged", "-xf", at.medium / "a.tar.lz", "-C", at.to)]

    return Survivor("tarlz", peer.needs, make, (extract, serially))


def _afio() -> Survivor:
    """Each file by gzip; what is damaged is skipped up to the next header."""

    def make(at: Place) -> list[Step]:
        return [_run("sh", "-c", f'{_NAMES} | afio -o -Z "$0"', at.medium / "a.afio", cwd=at.tree)]

    def extract(at: Place) -> list[Step]:
        return [_run("afio", "-i", "-Z", "-k", at.medium / "a.afio", cwd=at.to)]

    return Survivor("afio", ("afio",), make, (extract,))


def _seven_zip() -> Survivor:
    def make(at: Place) -> list[Step]:
        return [SEVEN_ZIP.create(at.tree, at.medium / "a.7z")]

    def extract(at: Place) -> list[Step]:
        return [SEVEN_ZIP.extract(at.medium / "a.7z", at.to)]

    return Survivor("7z", SEVEN_ZIP.needs, make, (extract,))


def _dar_lax(at: Place, *more: str) -> Step:
    return _run("dar", "-N", "-Q", "-q", "-O", "-w", "-al", *more, "-x", at.medium / "a", "-R", at.to)


def _dar_sequentially(at: Place) -> Step:
    """From its beginning to its end, without the catalogue."""
    return _dar_lax(at, "--sequential-read")


def _dar() -> Survivor:
    def make(at: Place) -> list[Step]:
        return [DAR_ZSTD.create(at.tree, at.medium / "a.1.dar")]

    recipes = (lambda at: [_dar_lax(at)], lambda at: [_dar_sequentially(at)])
    return Survivor("dar", DAR_ZSTD.needs, make, recipes)


def _dar_par2(percent: int) -> Survivor:
    """Blocks of 20 KiB in one file, so that checksums of blocks add little to the percentage: with par2's default of
    2,000 blocks in files of growing size, 5 % of the smaller corpus take 15 %."""

    def make(at: Place) -> list[Step]:
        options = ("-q", "-q", f"-r{percent}", f"-s{_PAR2_BLOCK_BYTES}", "-n1")
        protect = _run("par2", "create", *options, "a.1.dar.par2", "a.1.dar", cwd=at.medium)
        return [DAR_ZSTD.create(at.tree, at.medium / "a.1.dar"), protect]

    def repaired(at: Place) -> list[Step]:
        return [_run("par2", "repair", "-q", "-q", "a.1.dar.par2", "a.1.dar", cwd=at.medium), _dar_lax(at)]

    recipes = (repaired, lambda at: [_dar_sequentially(at)])
    return Survivor(f"dar-par2-{percent}%", ("dar", "par2"), make, recipes)


def _disc(at: Place) -> Step:
    return _run("genisoimage", "-quiet", "-R", "-J", "-joliet-long", "-o", at.medium / "a.iso", at.tree)


def _off_the_disc(at: Place) -> Step:
    image = at.medium / "a.iso"
    return _run("xorriso", "-osirrox", "on:o_excl_off", "-indev", f"stdio:{image}", "-extract", "/", at.to)


def _rs02(percent: int) -> Survivor:
    """Error correction in the image itself; `-a` looks for it everywhere."""

    def make(at: Place) -> list[Step]:
        return [_disc(at), _run("dvdisaster", "-i", at.medium / "a.iso", "-mRS02", "-n", f"{percent}%", "-c")]

    def fixed(at: Place) -> list[Step]:
        return [_run("dvdisaster", "-i", at.medium / "a.iso", "-f"), _off_the_disc(at)]

    def sought(at: Place) -> list[Step]:
        return [_run("dvdisaster", "-i", at.medium / "a.iso", "-a", "RS02", "-f"), _off_the_disc(at)]

    needs = ("genisoimage", "dvdisaster", "xorriso")
    return Survivor(f"dvdisaster-rs02-{percent}%", needs, make, (fixed, sought))


def _rs03(percent: int) -> Survivor:
    """Error correction in a file behind the image: within it, RS03 always fills a whole CD or more."""

    def command(at: Place, *action: str) -> Step:
        return _run("dvdisaster", "-i", at.medium / "a.iso", "-e", at.medium / "a.iso.ecc", *action)

    def make(at: Place) -> list[Step]:
        return [_disc(at), command(at, "-mRS03", "-o", "file", "-n", f"{percent}%", "-c")]

    def fixed(at: Place) -> list[Step]:
        return [command(at, "-f"), _off_the_disc(at)]

    return Survivor(f"dvdisaster-rs03-{percent}%", ("genisoimage", "dvdisaster", "xorriso"), make, (fixed,))


OWN_BARE: Final = _pybackup("none")
OWN_5: Final = _pybackup("5%")
OWN_10: Final = _pybackup("10%")
OWN_DISC: Final = _pybackup_disc(10)
OWN: Final = (OWN_BARE, OWN_5, OWN_10, OWN_DISC)
BOUND: Final = _bound()
UNPROTECTED: Final = (_tar_xz(), _zip(), _seven_zip(), _dar(), _tarlz(), _afio())
PROTECTED: Final = (_dar_par2(5), _dar_par2(10), _rs02(10), _rs03(10))
ALL: Final = (OWN_BARE, BOUND, *UNPROTECTED, OWN_5, OWN_10, OWN_DISC, *PROTECTED)


def chosen(only: str | None, among: Sequence[Survivor] = ALL) -> list[Survivor]:
    """The contenders named in the comma-separated `only`, or all of them.

    Raises MissingError when a name is unknown or a program absent: what was not run must not look like a success.
    """
    known = {survivor.name: survivor for survivor in among}
    names = list(known) if only is None else only.split(",")
    if unknown := [name for name in names if name not in known]:
        raise MissingError(f"no such contender: {', '.join(unknown)} (there are: {', '.join(known)})")
    found = [known[name] for name in dict.fromkeys(names)]
    if absent := sorted({program for survivor in found for program in survivor.missing()}):
        raise MissingError(f"not installed: {', '.join(absent)}")
    return found
