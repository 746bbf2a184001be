"""Entering media that other programs wrote: directories, images, and the archives in them."""

from __future__ import annotations

import os

from pybackup.catalogue.connect import Catalogue
from pybackup.catalogue.fill import enter, phase_of_entering
from pybackup.catalogue.spool import Spool
from pybackup.foreign.apart import Looker, form_of_file
from pybackup.foreign.form import ForeignForm, form_by_name
from pybackup.host.environment import environment
from pybackup.host.mounts import capacity_of, identity_of, is_on_disc
from pybackup.host.storage import ArchiveFile
from pybackup.model.catalogued import MediumType, NewMedium, NewVolume, VolumeSort
from pybackup.model.entry import Kind
from pybackup.model.filed import Filed
from pybackup.model.source import Source
from pybackup.monitor import Monitor
from pybackup.tree.walk import walk

from .catalogue_enter import AddedMedium, AddOptions, medium_of
from .catalogue_hash import hash_contents, phase_of_hashing

_READING = "reading directories"


def form_at(path: bytes) -> ForeignForm | None:
    """Return the format of a file or a drive; None if there is no reader for it."""
    with environment(path):
        return form_of_file(path)


def add_foreign_file(
    catalogue: Catalogue, path: bytes, form: ForeignForm, options: AddOptions, monitor: Monitor
) -> AddedMedium:
    """Enter an image, an archive or a drive that another program wrote."""
    on_disc = is_on_disc(path)
    location = os.path.realpath(path)
    with ArchiveFile(path) as file:
        size = file.size
    with Spool() as spool, _looker(options, monitor) as look:
        monitor.begin(_READING, 0, 0)
        name = os.path.basename(location)
        for filed in look.inside(location, form, name, medium=True):
            spool.add(filed)
            monitor.advance(1, 0)
        monitor.end()
        identity = spool.outer_digest if on_disc else identity_of(location)
        sort = VolumeSort.IMAGE if on_disc else VolumeSort.TREE
        new = _foreign_volume(identity, sort, os.path.splitext(name)[0], spool, options, n_bytes=size)
        medium_type = MediumType.DISC if on_disc else MediumType.FILE
        on = NewMedium(
            medium_type, options.label, b"" if on_disc else location, options.place, size, another=options.another
        )
        monitor.plan([phase_of_entering(spool.count)])
        entered = enter(catalogue, new, spool.__iter__, on, monitor)
    return AddedMedium(path, medium_of(catalogue, entered), entered)


def _foreign_volume(
    identity: bytes, sort: VolumeSort, name: bytes, spool: Spool, options: AddOptions, *, n_bytes: int = 0
) -> NewVolume:
    called = os.fsdecode(name) or "root"
    return NewVolume(
        identity, sort, called, spool.digest, None, n_bytes, spool.count, options.title, options.description
    )


def add_tree(catalogue: Catalogue, path: bytes, options: AddOptions, monitor: Monitor) -> AddedMedium:
    """Enter a directory with all its files, and what is in archives among them."""
    location = os.path.realpath(path)
    monitor.begin(_READING, 0, 0)
    with Spool() as spool, _looker(options, monitor) as look:
        n_bytes = _read_tree(location, spool, look, options, monitor)
        monitor.end()
        ahead = [phase_of_hashing(n_bytes)] if options.hashed else []
        monitor.plan([phase_of_entering(spool.count), *ahead])
        on_disc = is_on_disc(location)
        identity = spool.outer_digest if on_disc else identity_of(location)
        sort = VolumeSort.IMAGE if on_disc else VolumeSort.TREE
        new = _foreign_volume(identity, sort, os.path.basename(location), spool, options)
        on = NewMedium(
            MediumType.DISC if on_disc else MediumType.DIRECTORY,
            options.label,
            b"" if on_disc else location,
            options.place,
            capacity_of(location),
            another=options.another,
        )
        entered = enter(catalogue, new, spool.__iter__, on, monitor)
    if options.hashed:
        hash_contents(catalogue, medium_of(catalogue, entered), location, monitor)
    return AddedMedium(path, medium_of(catalogue, entered), entered)


def _read_tree(location: bytes, spool: Spool, look: Looker, options: AddOptions, monitor: Monitor) -> int:
    """Put the files of a directory, and those in archives there, into the spool; return the bytes of the directory."""
    n_bytes = 0
    for planned in walk([Source(location, b"")], monitor=monitor):
        entry = planned.entry
        if entry.kind is Kind.DIRECTORY:
            continue
        spool.add(Filed(entry.path, entry.kind, entry.size, entry.mtime_ns, entry.mode, target=entry.target))
        monitor.advance(1, 0)
        if entry.kind is not Kind.FILE:
            continue
        n_bytes += entry.size
        form = form_by_name(entry.path) if options.depth else None
        if form is not None:
            monitor.working_on(entry.path)
            for filed in look.inside(os.path.join(location, entry.path), form, entry.path):
                spool.add(filed)
    return n_bytes


def _looker(options: AddOptions, monitor: Monitor) -> Looker:
    from .catalogue_look import looker  # which loads the readers of all other formats

    return looker(hashed=options.hashed, depth=options.depth, monitor=monitor)
