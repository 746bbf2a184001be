"""The programs that back up the same tree every day, and the commands by which each does so and gives a day back."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.contenders import MissingError, Step

_ROOT: Final = Path(__file__).resolve().parent.parent
DAY_SECONDS: Final = 86_400
FIRST_DAY: Final = 1_800_000_000


@dataclass(frozen=True)
class Place:
    """Where one contender works.

    Attributes
    ----------
    tree
        What is backed up.
    store
        What it stores, and what counts: nothing of it is anywhere else.
    aside
        Caches and catalogues: what it keeps beside the store to be faster.
    """

    tree: Path
    store: Path
    aside: Path

    @property
    def on_store(self) -> list[Path]:
        """What the store holds by name, in the order of names."""
        return sorted(self.store.iterdir())


@dataclass(frozen=True)
class Maker:
    """A program with its options.

    Attributes
    ----------
    start
        What is done once, before the first day.
    save
        What is done every day, counted from 0.
    restore
        What gives a day back in a directory, which exists, below a name that `within` gives; the steps after a first
        one that failed are gone through all the same, as users would.
    mend
        What a user tries where anything complained, before asking for each day again.
    caches
        What can be lost without an archive being lost: below the store or aside.
    within
        Where the tree lies in the directory.
    """

    name: str
    needs: tuple[str, ...]
    start: Callable[[Place], Sequence[Step]]
    save: Callable[[Place, int], Sequence[Step]]
    restore: Callable[[Place, int, Path], Sequence[Step]]
    mend: Callable[[Place], Sequence[Step]]
    caches: Callable[[Place], Sequence[Path]]
    within: str = "."

    def missing(self) -> list[str]:
        """The programs that are not installed, or not as they are needed."""
        absent = [program for program in self.needs if shutil.which(program) is None]
        return absent or (["a dar that was built with librsync: Debian's is not"] if self._lacks_librsync() else [])

    def _lacks_librsync(self) -> bool:
        if not self.name.endswith("-delta") or self.needs != ("dar",):
            return False
        told = subprocess.run(["dar", "--version"], capture_output=True, text=True, check=True).stdout
        return "(librsync) : YES" not in " ".join(told.split())


def _nothing(_place: Place) -> Sequence[Step]:
    return ()


def _step(*words: str | Path, cwd: Path | None = None) -> Step:
    return Step(tuple(map(str, words)), cwd)


def _time(day: int) -> int:
    return FIRST_DAY + day * DAY_SECONDS


def _pybackup(name: str, *options: str) -> Maker:
    def own(place: Place, day: int, *words: str | Path) -> Step:
        known = f"PYBACKUP_CATALOGUE={place.aside}/catalogue.sqlite"
        clock = f"SOURCE_DATE_EPOCH={_time(day)}"
        return _step("env", known, clock, sys.executable, "-m", "pybackup", *words, "--quiet", cwd=_ROOT)

    def save(place: Place, day: int) -> Sequence[Step]:
        made = place.store / f"day{day:02}.xtar"
        return [own(place, day, "create", place.tree, "-o", made, "--chain", "days", *options)]

    def restore(place: Place, day: int, to: Path) -> Sequence[Step]:
        # Without its catalogue a chain is what its archives say of themselves.
        is_known = (place.aside / "catalogue.sqlite").exists()
        what: list[str | Path] = ["days"] if is_known else [place.store, "--catalogue", "none"]
        return [own(place, day, "restore", *what, "--at", f"@{_time(day)}", "--to", to)]

    return Maker(
        name,
        (),
        start=lambda place: [own(place, 0, "catalogue", "init")],
        save=save,
        restore=restore,
        mend=_nothing,
        caches=lambda place: [place.aside / "catalogue.sqlite"],
        within="tree",
    )


def _dar(name: str, *options: str) -> Maker:
    quiet = ("dar", "-N", "-Q", "-q")

    def save(place: Place, day: int) -> Sequence[Step]:
        base = ["-A", str(place.store / f"day{day - 1:02}")] if day else []
        made = place.store / f"day{day:02}"
        return [_step(*quiet, "-c", made, "-R", place.tree, "-zzstd", *base, *options)]

    def restore(place: Place, day: int, to: Path) -> Sequence[Step]:
        """The full one, then each later one over it, as far as there are; lax, so that damage costs what it hits."""
        there = [number for number in range(day + 1) if (place.store / f"day{number:02}.1.dar").exists()]
        archives = [place.store / f"day{number:02}" for number in there]
        return [_step(*quiet, "-O", "-wa", "-al", "-x", archive, "-R", to) for archive in archives]

    return Maker(name, ("dar",), _nothing, save, restore, mend=_nothing, caches=lambda _place: [])


def _borg(place: Place, script: str, *words: str | Path, cwd: Path) -> Step:
    told = ["BORG_UNKNOWN_UNENCRYPTED_REPO_ACCESS_IS_OK=yes", "BORG_RELOCATED_REPO_ACCESS_IS_OK=yes"]
    told += ["BORG_CHECK_I_KNOW_WHAT_I_AM_DOING=YES", f"BORG_BASE_DIR={place.aside}", f"BORG_REPO={place.store}"]
    return _step("env", *told, "sh", "-c", script, "sh", *words, cwd=cwd)


def _borg_caches(place: Place) -> list[Path]:
    patterns = ("index.*", "hints.*", "integrity.*")
    return [*place.aside.iterdir(), *(path for pattern in patterns for path in place.store.glob(pattern))]


_BORG: Final = Maker(
    "borg",
    ("borg",),
    start=lambda place: [_borg(place, "borg init -e none", cwd=place.tree)],
    save=lambda place, day: [_borg(place, 'borg create --compression zstd "::$1" .', f"day{day:02}", cwd=place.tree)],
    restore=lambda place, day, to: [_borg(place, 'borg extract "::$1"', f"day{day:02}", cwd=to)],
    mend=lambda place: [_borg(place, "borg check --repair", cwd=place.store)],
    caches=_borg_caches,
)


def _restic(place: Place, *words: str | Path) -> Step:
    told = ["RESTIC_PASSWORD=x", f"RESTIC_CACHE_DIR={place.aside}/cache", f"RESTIC_REPOSITORY={place.store}"]
    return _step("env", *told, "restic", "-q", *words, cwd=place.tree)


def _restic_restore(place: Place, day: int, to: Path) -> Sequence[Step]:
    told = ["RESTIC_PASSWORD=x", f"RESTIC_CACHE_DIR={place.aside}/cache", f"RESTIC_REPOSITORY={place.store}"]
    script = (
        'restic -q restore "$(restic -q snapshots --tag "$1" --json | grep -o \'"id":"[0-9a-f]*"\' | cut -d\\" -f4)"'
    )
    return [_step("env", *told, "sh", "-c", f'{script} --target "$2"', "sh", f"day{day:02}", to)]


_RESTIC: Final = Maker(
    "restic",
    ("restic",),
    start=lambda place: [_restic(place, "init", "--repository-version", "2")],
    save=lambda place, day: [_restic(place, "backup", "--tag", f"day{day:02}", ".")],
    restore=_restic_restore,
    mend=lambda place: [_restic(place, "rebuild-index")],
    caches=lambda place: [place.aside / "cache", place.store / "index"],
)


_RDIFF_BACKUP: Final = Maker(
    "rdiff-backup",
    ("rdiff-backup",),
    start=_nothing,
    save=lambda place, day: [
        _step("rdiff-backup", "-v0", "--current-time", str(_time(day)), place.tree, place.store),
    ],
    restore=lambda place, day, to: [
        _step("rdiff-backup", "-v0", "--force", "-r", str(_time(day)), place.store, to),
    ],
    mend=_nothing,
    caches=lambda _place: [],
)


def _duplicity(place: Place, day: int, *words: str | Path) -> Step:
    quiet = "--no-encryption", "--archive-dir", place.aside / "cache", "-v0", "--current-time", str(_time(day))
    return _step("duplicity", *words[:1], *quiet, *words[1:])


_DUPLICITY: Final = Maker(
    "duplicity",
    ("duplicity",),
    start=_nothing,
    save=lambda place, day: [
        _duplicity(place, day, "incremental" if day else "full", place.tree, f"file://{place.store}"),
    ],
    restore=lambda place, day, to: [
        # Its files have times of whole seconds, and the clock is at the end of all days.
        _duplicity(place, 99, "restore", "--force", "-t", str(_time(day)), f"file://{place.store}", to),
    ],
    mend=_nothing,
    caches=lambda place: [place.aside / "cache"],
)

OWN: Final = _pybackup("pybackup")
OWN_DELTA: Final = _pybackup("pybackup-delta", "--delta", "base_copies=1")
OWN_BARE: Final = _pybackup("pybackup-bare", "--parity", "none")
OWN_BARE_DELTA: Final = _pybackup("pybackup-bare-delta", "--parity", "none", "--delta", "base_copies=1")
DAR: Final = _dar("dar")
DAR_DELTA: Final = _dar("dar-delta", "--delta", "sig")
PEERS: Final = (DAR, DAR_DELTA, _BORG, _RESTIC, _RDIFF_BACKUP, _DUPLICITY)
ALL: Final = (OWN, OWN_DELTA, OWN_BARE, OWN_BARE_DELTA, *PEERS)


def chosen(only: str | None) -> list[Maker]:
    """The makers named in the comma-separated `only`, or all of them.

    Raises MissingError when a name is unknown or a program absent: what was not run must not look like a success.
    """
    known = {maker.name: maker for maker in ALL}
    names = [*known] if only is None else only.split(",")
    if unknown := [name for name in names if name not in known]:
        raise MissingError(f"no such contender: {', '.join(unknown)} (there are: {', '.join(known)})")
    found = [known[name] for name in dict.fromkeys(names)]
    if absent := sorted({program for maker in found for program in maker.missing()}):
        raise MissingError(f"not installed: {', '.join(absent)}")
    return found
