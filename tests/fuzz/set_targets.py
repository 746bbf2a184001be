"""Making and running cases of what sets and discs add: headers, settings, indexes of others, images, whole sets."""

from __future__ import annotations

import json
import os
import random
from collections.abc import Callable
from contextlib import suppress
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

from pybackup.archive.find import archives_at
from pybackup.archive.open import open_archive
from pybackup.archive.volume_set import sets_among, tell_of_missing
from pybackup.check.info import info
from pybackup.check.verify import verify
from pybackup.container.locate import locate
from pybackup.container.set_index import read_set_index
from pybackup.container.tables import load_table
from pybackup.errors import PybackupError
from pybackup.host.storage import ArchiveFile
from pybackup.jobs.extract import restore
from pybackup.jobs.rebuild import rebuild
from pybackup.layout.recovery import RecoveryHeader, size_of
from pybackup.model.volume import VolumeInfo
from pybackup.monitor import Monitor
from pybackup.restore.plan import RestoreOptions

from . import set_mutate
from .mutate import damaged, duplicated, mutated, resealed_guards, resealed_header, resealed_index
from .set_seeds import set_seeds

Case = dict[str, bytes]

_MUTATIONS = (
    damaged,
    damaged,
    resealed_header,
    resealed_index,
    resealed_guards,
    duplicated,
    set_mutate.resealed_recovery,
    set_mutate.other_settings,
    set_mutate.other_settings,
    set_mutate.set_indexes,
)
_IMAGE_MUTATIONS = (set_mutate.directory_record, set_mutate.directory_record, set_mutate.descriptor, damaged)


def make_recovery(chance: random.Random) -> Case:
    """A header of a recovery volume."""
    data = set_seeds().recovery
    at = data.index(set_mutate.RECOVERY)
    return {"header": mutated(chance, data[at : at + 2048], (set_mutate.resealed_recovery, damaged))}


def run_recovery(directory: Path) -> None:
    """What is accepted packs to the same bytes."""
    data = (directory / "header").read_bytes()
    header = RecoveryHeader.unpack(data)
    assert header.pack() == data[: size_of(data)]
    assert header.total_bytes > header.shard_bytes >= max(body.n_bytes for body in header.bodies)


def make_setting(chance: random.Random) -> Case:
    """What an archive says of its set, in JSON."""
    said: dict[str, Any] = {"set": set_mutate.forged_set(chance, set_mutate.GOOD.settings())}
    text = json.dumps(said).encode()
    return {"settings": mutated(chance, text, (damaged,)) if chance.random() < 0.3 else text}


def run_setting(directory: Path) -> None:
    """What is accepted says the same again, and names a file and nothing else."""
    try:
        said = json.loads((directory / "settings").read_bytes())
    except (ValueError, RecursionError):
        return
    found = VolumeInfo.of_settings(said) if isinstance(said, dict) else None
    if found is not None:
        assert VolumeInfo.of_settings({"set": found.settings()}) == found
        assert b"/" not in found.file_name
        assert len(found.file_name) < 255
        assert len(found.archive_id) == 8


def make_setindex(chance: random.Random) -> Case:
    """A volume that holds the indexes of others."""
    data = chance.choice([data for name, data in set_seeds().volumes.items() if "001" not in name])
    kinds = (set_mutate.set_indexes, set_mutate.set_indexes, set_mutate.other_settings, resealed_header, damaged)
    return {"volume": mutated(chance, data, kinds)}


def run_setindex(directory: Path) -> None:
    """Each of the indexes is one that can be loaded or is refused."""
    with ArchiveFile(os.fsencode(directory / "volume")) as file:
        for blob in read_set_index(file):
            with suppress(PybackupError):
                table = load_table(blob)
                assert len(table.paths(blob.head.body_bytes)) == blob.head.entries


def make_locate(chance: random.Random) -> Case:
    """The image of a disc."""
    return {"image": mutated(chance, set_seeds().image, _IMAGE_MUTATIONS)}


def run_locate(directory: Path) -> None:
    """Archives lie in the image, one behind the other."""
    path = os.fsencode(directory / "image")
    with ArchiveFile(path) as file:
        places = sorted(locate(file))
        assert all(0 <= offset < offset + n_bytes <= file.size for offset, n_bytes in places)
        assert all(first[0] + first[1] <= second[0] for first, second in pairwise(places))
    with suppress(PybackupError), open_archive(path) as archive:
        for _ in archive.listing:
            pass
    info(path)


def make_set(chance: random.Random) -> Case:
    """The volumes of a set, some of them changed, one of them perhaps not there, or in an image."""
    case = dict(set_seeds().volumes)
    if chance.random() < 0.4:
        del case[chance.choice(list(case))]
    if chance.random() < 0.2:
        case["disc.iso"] = mutated(chance, set_seeds().image, (*_IMAGE_MUTATIONS, *_MUTATIONS), most=2)
    for name in chance.sample(list(case), chance.randrange(1, 3)):
        # Parity would put right what is changed.
        data = set_mutate.without_parity(case[name]) if chance.random() < 0.6 else case[name]
        case[name] = mutated(chance, data, (set_mutate.resealed_recovery,) if chance.random() < 0.2 else _MUTATIONS)
    return case


def run_set(directory: Path) -> None:
    """List, extract, verify and rebuild."""
    paths = [os.fsencode(path) for path in sorted(directory.iterdir()) if path.suffix in (".xtar", ".iso")]
    out = os.fsencode(directory / "out")

    def listed() -> None:
        with open_archive(paths[0], paths[1:]) as archive:
            for stored in archive.listing:
                assert stored.entry.size >= 0

    def extracted() -> None:
        with open_archive(paths[0], paths[1:]) as archive:
            restore(
                archive,
                archive.patterns,
                os.path.join(out, b"extracted"),
                RestoreOptions(workers=1),
                work_dir=out,
                monitor=Monitor(),
            )

    jobs: list[Callable[[], object]] = [
        listed,
        extracted,
        lambda: tell_of_missing(sets_among(archives_at(paths)), paths, Monitor()),
        lambda: rebuild(paths, os.path.join(out, b"rebuilt"), monitor=Monitor()),
    ]
    jobs += [partial(verify, path, workers=1, monitor=Monitor()) for path in paths]
    for job in jobs:
        with suppress(PybackupError):
            job()
