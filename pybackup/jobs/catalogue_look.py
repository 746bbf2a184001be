"""Looking into archives of other programs, and into .xtar archives among other files."""

from __future__ import annotations

from typing import IO

from pybackup.archive.find import volumes_in
from pybackup.foreign.apart import Looker
from pybackup.foreign.form import ForeignForm
from pybackup.foreign.iso import read_iso
from pybackup.foreign.look import Broken, Inside
from pybackup.foreign.sevenz import read_7z
from pybackup.foreign.tar import read_tar
from pybackup.foreign.zip import read_zip
from pybackup.model.filed import filed_of
from pybackup.monitor import Monitor


def looker(*, hashed: bool, depth: int, monitor: Monitor) -> Looker:
    """Return the function that looks into archives of all formats; see `Looker`."""
    readers = {
        ForeignForm.ZIP: read_zip,
        ForeignForm.TAR: read_tar,
        ForeignForm.SEVENZIP: read_7z,
        ForeignForm.XTAR: _read_xtar,
        ForeignForm.ISO: read_iso,
    }
    return Looker(readers, hashed=hashed, depth=depth, monitor=monitor)


def _read_xtar(file: IO[bytes], inside: Inside) -> None:
    """Report the content of an .xtar archive from its index, which has hashes."""
    volumes = list(volumes_in(b"/dev/fd/%d" % file.fileno()))
    if not volumes:
        raise Broken("neither its header nor its index can be read; 'pybackup repair' may repair it")
    for volume in volumes:
        for filed in filed_of(volume.listing.rows, volume.listing.paths):
            inside.have(filed)
