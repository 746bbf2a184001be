"""Burning with xorriso: asking the drive about its medium, and writing an image onto that."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pyactivity.ending import Child
from pybackup.errors import EnvironmentFailed, UsageError
from pybackup.host.drives import why_no_drive
from pybackup.sector import SECTOR

_PROGRAM = "xorriso"
_PSEUDO = b"stdio:"
# The last two sectors of a CD written track-at-once cannot be read, and drives read ahead beyond the end.
_RUN_OUT_SECTORS = 150
_KEPT_LINES = 6
_STATUS = re.compile(r"^Media status : (.*)$", re.MULTILINE)
_CURRENT = re.compile(r"^Media current: (.*)$", re.MULTILINE)
_BLOCKS = re.compile(r"^Media blocks : .* , (\d+) overall", re.MULTILINE)
_WRITTEN = re.compile(r"(\d+)\s+of\s+\d+ MB written")


@dataclass(frozen=True, slots=True)
class LoadedMedium:
    """The medium in a drive, as the drive describes it.

    Attributes
    ----------
    kind
        In the words of xorriso: ``CD-R``, ``DVD+R``, ``stdio file``.
    n_bytes
        Its capacity from its first sector on; None if the drive does not tell.
    """

    kind: str
    status: str
    n_bytes: int | None

    @property
    def is_blank(self) -> bool:
        """Whether the drive reports it as blank; for rewritable media, drives only look at the beginning."""
        return "is blank" in self.status


def device_path(device: bytes) -> bytes:
    """Return the path to read from: for a pseudo-drive, without its prefix."""
    return device.removeprefix(_PSEUDO)


def inspect(device: bytes) -> LoadedMedium:
    """Ask the drive for its medium.

    Raises
    ------
    EnvironmentFailed
        There is no xorriso, no drive or no medium in it; or the drive may not be used.
    """
    name = os.fsdecode(device)
    program = _program()
    absent = "" if device.startswith(_PSEUDO) else why_no_drive(device)
    if absent:
        raise EnvironmentFailed(f"{name}: {absent}")
    done = subprocess.run(
        [program, "-outdev", device, "-toc"], capture_output=True, text=True, check=False, errors="replace"
    )
    said = done.stdout + done.stderr
    status, kind, blocks = _STATUS.search(said), _CURRENT.search(said), _BLOCKS.search(said)
    if done.returncode or status is None:
        reason = _reason(said.splitlines()) or "it does not answer"
        raise EnvironmentFailed(f"{name}: no drive that can burn: is a disc in it? ({reason})")
    if "is not present" in status[1] or "is not recognizable" in status[1]:
        raise EnvironmentFailed(f"{name}: no medium that can be written is in the drive ({status[1].strip()})")
    return LoadedMedium(kind[1].strip() if kind else "", status[1].strip(), int(blocks[1]) * SECTOR if blocks else None)


def check_fit(image_bytes: int, medium: LoadedMedium, device: bytes, *, overwrite: bool) -> None:
    """Refuse a medium that the image does not fit, or that is written already.

    Parameters
    ----------
    overwrite
        Accept a written medium, which is erased first if necessary.

    Raises
    ------
    UsageError
        The medium is too small, or written already.
    """
    name = os.fsdecode(device)
    if not medium.is_blank and not overwrite:
        raise UsageError(
            f"{name}: the medium ({medium.kind}) {medium.status}; put in a blank one",
            option="overwrite",
            hint="burns over this one",
        )
    if medium.n_bytes is not None and medium.n_bytes < image_bytes:
        raise UsageError(
            f"{name}: the image has {image_bytes:,} bytes and the medium ({medium.kind}) takes {medium.n_bytes:,}"
        )


def burn_command(
    image: bytes, device: bytes, *, image_bytes: int, medium_bytes: int | None, speed: str | None, overwrite: bool
) -> list[bytes]:
    """Return the command that burns an image, followed by padding if there is room for that."""
    padded = image_bytes + _RUN_OUT_SECTORS * SECTOR
    pad = _RUN_OUT_SECTORS if medium_bytes is not None and padded <= medium_bytes else 0
    command = [_program().encode(), b"-as", b"cdrecord", b"-v", b"dev=" + device]
    command += [b"speed=" + os.fsencode(speed)] if speed else []
    command += [b"blank=as_needed"] if overwrite else []
    # With a directory in front, a name cannot be taken for an option.
    return [*command, b"padsize=%ds" % pad, os.path.join(b".", image) if image.startswith(b"-") else image]


def burn(command: Sequence[bytes], device: bytes, progress: Callable[[int], None]) -> None:
    """Run the command.

    Parameters
    ----------
    progress
        Called with the number of bytes written since the last call, as xorriso reports them.

    Raises
    ------
    EnvironmentFailed
        It failed; the message has the reason that it gave.
    """
    tail: deque[str] = deque(maxlen=_KEPT_LINES)
    done = 0
    # Otherwise it would continue burning when this run is interrupted.
    with Child(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            tail.append(line.rstrip())
            written = _WRITTEN.search(line)
            if written:
                now = int(written[1]) << 20
                progress(max(0, now - done))
                done = max(done, now)
    if process.returncode:
        raise EnvironmentFailed(f"{os.fsdecode(device)}: not burnt: {_reason(list(tail)) or 'xorriso failed'}")


def eject(device: bytes) -> None:
    """Open the drive; one that cannot be opened stays as it is. A pseudo-drive has no tray."""
    subprocess.run(
        [_program(), "-outdev", device, "-eject", "all"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


def _reason(lines: Sequence[str]) -> str:
    """Return the first error that xorriso reported."""
    for line in lines:
        if " : FAILURE : " in line or " : SORRY : " in line or " : FATAL : " in line:
            return line.partition(" : ")[2].partition(" : ")[2].strip()
    return ""


def _program() -> str:
    found = shutil.which(_PROGRAM)
    if found is None:
        raise EnvironmentFailed(
            "xorriso is not installed, which burns discs: 'apt install xorriso' on Debian and Ubuntu, "
            "'dnf install xorriso' on Fedora, 'pacman -S libisoburn' on Arch, 'brew install xorriso' on macOS"
        )
    return found
