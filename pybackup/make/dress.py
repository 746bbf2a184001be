"""Making a data volume from its body again, by adding its parity, as its settings say, and its end."""

from __future__ import annotations

from dataclasses import dataclass

from pybackup.container.first import read_first
from pybackup.container.own import END, dress
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
class _Undressed:
    info: VolumeInfo
    top: Entry


def dress_again(output: Scratch, body: Body) -> OwnStream | None:
    """Append room for parity, and the end, to the body of a data volume. With that parity it has its former bytes.

    Parameters
    ----------
    output
        Has the body; anything after that is cut off.

    Returns
    -------
    OwnStream | None
        Writes the parity; None if the volume had none.

    Raises
    ------
    Damaged
        The settings in the body cannot be read.
    EnvironmentFailed
        There is no room.
    """
    output.truncate(body.n_bytes)
    output.write(END)
    output.flush()
    undressed = _look(output.temporary)
    output.truncate(body.n_bytes)
    info, stream = undressed.info, None
    if info.group_sectors:
        amount = amount_in(parse_amount(info.parity), info.volume_bytes)
        stream = OwnStream(ParityOptions(amount, group_sectors=info.group_sectors), output)
    dress(output, body.archive_id, undressed.top, stream.reserve if stream else None)
    return stream


def _look(path: bytes) -> _Undressed:
    with ArchiveFile(path) as file:
        info = VolumeInfo.of_settings(open_listing(file).settings)
        if info is None:
            raise Damaged("a volume that does not say of which set it is")
        first = read_first(file)
        if first is None:
            raise Damaged("a volume whose first header is damaged")
        return _Undressed(info, Entry(b"", Kind.DIRECTORY, 0o755, mtime_ns=first.mtime_ns))
