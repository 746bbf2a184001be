"""Completing a data volume whose body was restored, by appending its parity, as its settings say, and its end."""

from __future__ import annotations

from dataclasses import dataclass

from pybackup.container.first import read_first
from pybackup.container.own import END, append_parity_and_end
from pybackup.container.read import open_listing
from pybackup.errors import Damaged
from pybackup.host.scratch import Scratch
from pybackup.host.storage import ArchiveFile
from pybackup.layout.recovery import Body
from pybackup.model.entry import Entry, Kind
from pybackup.model.volume import VolumeInfo
from pybackup.parity.stream.amount import parse_amount
from pybackup.parity.stream.geometry import ParityOptions

from .capacity import amount_in
from .seal import OwnStream


@dataclass(frozen=True, slots=True)
class _Body:
    info: VolumeInfo | None
    top: Entry


def complete_volume(output: Scratch, body: Body) -> OwnStream | None:
    """Append room for parity, and the end of the archive, to the body of a data volume, or of an archive of no set.

    Once the parity is written, the volume has the same bytes as when it was first made.

    Parameters
    ----------
    output
        A temporary file that begins with the body; anything after that is cut off.
    body
        The id and the length of the body; of an archive of no set also the shape of its parity.

    Returns
    -------
    OwnStream | None
        Writes the parity; None if the volume had none.

    Raises
    ------
    Damaged
        The settings in the body cannot be read.
    EnvironmentFailed
        There is no room on the disk.
    """
    output.truncate(body.n_bytes)
    output.write(END)
    output.flush()
    found = _read_body(output.temporary)
    output.truncate(body.n_bytes)
    stream = _stream_of(found.info, body, output)
    append_parity_and_end(output, body.archive_id, found.top, stream.reserve if stream else None)
    return stream


def _stream_of(info: VolumeInfo | None, body: Body, output: Scratch) -> OwnStream | None:
    if body.name:
        return OwnStream(ParityOptions(), output, body.stream) if body.stream else None
    if info is None:
        raise Damaged("the settings of a restored volume do not name its set")
    if not info.group_sectors:
        return None
    amount = amount_in(parse_amount(info.parity), info.volume_bytes)
    return OwnStream(ParityOptions(amount, group_sectors=info.group_sectors), output)


def _read_body(path: bytes) -> _Body:
    with ArchiveFile(path) as file:
        info = VolumeInfo.of_settings(open_listing(file).settings)
        first = read_first(file)
        if first is None:
            raise Damaged("the first header of a restored volume is damaged")
        return _Body(info, Entry(b"", Kind.DIRECTORY, 0o755, mtime_ns=first.mtime_ns))
