"""What is fuzzed: each target makes a case, some files, and lets the library loose on them.

Only `PybackupError` may come out of a target; `AssertionError` says that something was accepted that should not be.
"""

from __future__ import annotations

import os
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout, suppress
from dataclasses import dataclass
from io import BytesIO, StringIO, TextIOWrapper
from pathlib import Path

from pybackup.archive.open import open_archive
from pybackup.check.forecast import forecast
from pybackup.check.info import info
from pybackup.check.verify import verify
from pybackup.cli.main import main
from pybackup.cli.statuses import Status
from pybackup.compress.bare import decode_bare, read_bare
from pybackup.container.signatures import Known, find_signatures
from pybackup.container.structure import read_structure
from pybackup.container.tables import load_table
from pybackup.errors import FormatError, PybackupError
from pybackup.host.storage import ArchiveFile
from pybackup.jobs.repair import repair
from pybackup.jobs.salvage import salvage
from pybackup.layout import acl, extras, index, note, pax, stamp, ustar
from pybackup.layout.ddrescue import parse_map, write_map
from pybackup.layout.guard import GuardSector
from pybackup.layout.sparse import SparseReader
from pybackup.mend.mended import as_found
from pybackup.model.extents import Extents
from pybackup.model.member import Stored
from pybackup.model.soundness import Soundness, unproved
from pybackup.monitor import Monitor
from pybackup.parity.stream.find import GuardSearch
from pybackup.parity.stream.sum_table import load
from pybackup.restore.plan import RestoreOptions, plan_restore, plan_salvage
from pybackup.restore.run import run
from pybackup.restore.unpack import unpack

from . import mutate, set_targets
from .bombs import BOMBS
from .mutate import ARCHIVE_MUTATIONS, VOLUME_MUTATIONS, damaged, mutated
from .seeds import seeds, sparse_stream

Case = dict[str, bytes]
"""Files by name."""

OUTPUTS = ("extracted", "unpacked", "salvaged", "rescued", "repaired", "repaired.xpar", "rebuilt")
"""All that a target may write, below the directory ``out`` beside the case."""


@dataclass(frozen=True, slots=True)
class Target:
    """Something to fuzz: ``run`` finds the files of a case in a directory."""

    make: Callable[[random.Random], Case]
    run: Callable[[Path], None]


@contextmanager
def _refusing() -> Iterator[None]:
    """Whatever is refused is right."""
    with suppress(PybackupError):
        yield


def _out(directory: Path, name: str) -> bytes:
    assert name in OUTPUTS
    return os.fsencode(directory / "out" / name)


def _make_index(chance: random.Random) -> Case:
    blob = chance.choice(seeds().indexes)
    data = mutate.forged_index(chance, blob)
    return {"index": damaged(chance, data) if chance.random() < 0.3 else data}


def _run_index(directory: Path) -> None:
    data = (directory / "index").read_bytes()
    with _refusing():
        head = index.Head.unpack(data[: index.HEAD.size])
        assert head.pack(data[:8]) == data[: index.HEAD.size]
    blob = index.unpack_index(data)
    table = load_table(blob)
    for row, path in enumerate(table.paths()):
        stored = table.stored(row, path)
        _check_stored(stored)
    for _, container in table.containers():
        assert container.offset >= 0


def _check_stored(stored: Stored) -> None:
    assert stored.entry.size >= 0
    for member in stored.members:
        assert min(member.offset, member.raw_bytes, member.stream_bytes) >= 0


def _make_headers(chance: random.Random) -> Case:
    blocks = b"".join(chance.choices(seeds().blocks, k=8))
    text = b"user::rwx,user:1000:r--,group::---,mask::rw-,other::r--"
    return {
        "blocks": mutated(chance, blocks, (mutate.resealed_header, mutate.resealed_extension, damaged)),
        "records": mutated(chance, pax.pack_records({b"path": b"x" * 200, b"SCHILY.xattr.a%25": b"b"}), (damaged,)),
        "acl": mutated(chance, chance.choice((text, acl.acl_from_text(text))), (damaged,)),
        "extras": mutated(chance, b"\1\7\0\0\0\2\0ab123\2\x08\0\0\0\1\0\0\0\2\0\0\0", (damaged,)),
        "sparse": mutated(chance, sparse_stream(), (damaged, mutate.resealed_header)),
    }


def _run_headers(directory: Path) -> None:
    case = {path.name: path.read_bytes() for path in directory.iterdir() if path.is_file()}
    for at in range(0, len(case["blocks"]), ustar.BLOCK):
        _run_block(case["blocks"][at : at + ustar.BLOCK])
    for strict in (True, False):
        for entry in read_structure(case["blocks"], strict=strict):
            assert 0 <= entry.mode <= 0o7777
    with _refusing():
        records = pax.unpack_records(case["records"])
        assert pax.pack_records(records) == case["records"]
        pax.xattrs_from_records(records)
    with _refusing():
        pax.unpack_member(b"L", case["records"])
    with _refusing():
        attribute = acl.acl_from_text(case["acl"])
        assert acl.acl_to_text(attribute) == case["acl"]
    acl.acl_to_text(case["acl"])
    with _refusing():
        extras.unpack_extras(case["extras"])
    with _refusing():
        reader = SparseReader(1 << 20)
        for at in range(0, len(case["sparse"]), 700):
            for offset, data in reader.feed(case["sparse"][at : at + 700]):
                assert 0 <= offset <= offset + len(data) <= 1 << 20
        reader.finish()


def _run_block(block: bytes) -> None:
    with _refusing():
        ustar.Header.unpack(block)
    with _refusing():
        found = note.Note.unpack(block)
        assert found.pack()[:96] == block[ustar.NOTE_OFFSET : ustar.NOTE_OFFSET + 96]
    with _refusing():
        assert stamp.Stamp.unpack(block).pack()[:12] == block[345:357]


def _make_guards(chance: random.Random) -> Case:
    volume = chance.choice((seeds().protected, seeds().sidecar))
    kinds = (mutate.resealed_guards, mutate.resealed_guards, damaged)
    case = {"one": mutated(chance, volume, kinds)}
    if chance.random() < 0.3:
        case["two"] = mutated(chance, volume, kinds)
    return case


def _run_guards(directory: Path) -> None:
    files = [ArchiveFile(os.fsencode(path)) for path in sorted(directory.iterdir()) if path.is_file()]
    for volumes in (GuardSearch(files).volumes, GuardSearch(files).thorough()):
        for found in volumes:
            with suppress(FormatError):
                table = load(found)
                for _, sector in table.guards():
                    assert GuardSector.unpack(sector).pack() == sector
    for file in files:
        file.close()


def _make_archive(chance: random.Random) -> Case:
    whole = seeds().plain
    return {
        "image": mutated(chance, mutate.stripped(chance, whole) if chance.random() < 0.4 else whole, ARCHIVE_MUTATIONS)
    }


def _run_archive(directory: Path) -> None:
    path = os.fsencode(directory / "image")
    with _refusing(), open_archive(path) as opened:
        for stored in opened.listing:
            _check_stored(stored)
        options = RestoreOptions(workers=1)
        plan = plan_restore(opened, (), _out(directory, "extracted"), options)
        run(plan, monitor=Monitor())
    for job in (
        lambda: info(path),
        lambda: verify(path, deep=True, workers=1, monitor=Monitor()),
        lambda: unpack(path, _out(directory, "unpacked"), monitor=Monitor()),
        lambda: forecast(path),
    ):
        with _refusing():
            job()


def _make_volume(chance: random.Random) -> Case:
    beside = {"one": seeds().image, "one.xpar": seeds().sidecar}
    whole = chance.choice((beside, {"one": seeds().protected}))
    case = {name: mutated(chance, data, VOLUME_MUTATIONS) for name, data in whole.items()}
    if chance.random() < 0.3:
        case["two"] = mutated(chance, case["one"], VOLUME_MUTATIONS)
    if chance.random() < 0.3:
        case["map"] = _map(chance)
    return case


def _run_volume(directory: Path) -> None:
    copies = [os.fsencode(directory / name) for name in ("one", "two") if (directory / name).exists()]
    maps = [os.fsencode(directory / "map")] if (directory / "map").exists() else []
    with _refusing():
        repair(copies, _out(directory, "repaired"), maps=maps, monitor=Monitor())
    with _refusing():
        verify(copies[0], workers=1, monitor=Monitor())
    with _refusing():
        options = RestoreOptions(workers=1)
        out = os.fsencode(directory / "out")
        salvage(copies, _out(directory, "rescued"), maps=maps, work_dir=out, options=options, monitor=Monitor())
    with _refusing():
        repair(copies, None, maps=maps, monitor=Monitor())


def _map(chance: random.Random) -> bytes:
    bad = Extents.of((start, start + chance.randrange(1, 9000)) for start in chance.sample(range(200_000), 5))
    text = write_map(bad, 200_000)
    return mutated(chance, text, (damaged,)) if chance.random() < 0.7 else text


def _make_salvage(chance: random.Random) -> Case:
    if chance.random() < 0.7:
        return {"image": mutated(chance, chance.choice((seeds().plain, seeds().protected)), ARCHIVE_MUTATIONS)}
    # No header left, then only the members are.
    data = bytearray(chance.choice((seeds().plain, seeds().protected)))
    for at in mutate.headers(bytes(data)) + [at for at, _ in mutate.indexes(bytes(data))]:
        data[at : at + ustar.BLOCK] = bytes(ustar.BLOCK)
    return {"image": mutated(chance, bytes(data), (damaged, mutate.resealed_7z, mutate.resealed_7z))}


def _run_salvage(directory: Path) -> None:
    path = os.fsencode(directory / "image")
    size = os.path.getsize(path)
    known = Soundness(Extents(((size // 3, size // 2),))) if size % 2 else unproved()
    run(
        plan_salvage(as_found(path, known, Extents()), _out(directory, "salvaged"), RestoreOptions(workers=1)),
        monitor=Monitor(),
    )


def _make_map(chance: random.Random) -> Case:
    return {"map": mutated(chance, _map(chance), (damaged, _other_words))}


def _other_words(chance: random.Random, data: bytes) -> bytes:
    words = data.split(b" ")
    others = (b"+", b"-", b"0x", b"08", b"9" * 22, b"0x7FFFFFFFFFFFFFFF", b"-1", b"1e3", b"#", b"\n", b"\x85", b"")
    words[chance.randrange(len(words))] = chance.choice(others)
    return b" ".join(words)


def _run_map(directory: Path) -> None:
    found = parse_map((directory / "map").read_bytes())
    size = 1 << 20
    unread = found.unread(size)
    again = parse_map(write_map(unread, size))
    assert list(again.unread(size).within(0, size)) == list(unread.within(0, size))


def _make_sevenzip(chance: random.Random) -> Case:
    data = b""
    for _ in range(chance.randrange(1, 12)):
        part = chance.randbytes(chance.randrange(2000))
        kind = chance.randrange(3)
        if kind == 0:
            part = mutate.SIGNATURE + part
        elif kind == 1:
            at = chance.choice([offset for offset in range(0, len(seeds().plain), 512) if _is_7z(offset)])
            part = mutated(chance, seeds().plain[at : at + chance.choice((600, 4000))], (mutate.resealed_7z, damaged))
        data += part + ustar.padding(len(part))
    return {"image": data}


def _is_7z(offset: int) -> bool:
    return seeds().plain.startswith(mutate.SIGNATURE, offset)


def _run_sevenzip(directory: Path) -> None:
    with ArchiveFile(os.fsencode(directory / "image")) as file:
        for offset, _ in find_signatures(file, Known((), ()), progress=lambda count: None):
            with _refusing():
                bare = read_bare(file, offset)
                assert sum(map(len, decode_bare(file, bare))) == bare.member.raw_bytes
    _run_salvage(directory)


def _make_bomb(chance: random.Random) -> Case:
    return chance.choice(BOMBS)(chance)


def _run_bomb(directory: Path) -> None:
    """By whom it is meant for, which its files tell."""
    if (directory / "map").exists():
        parse_map((directory / "map").read_bytes())
    elif (directory / "one").exists():
        _run_volume(directory)
    else:
        for options in ((), ("--json",)):
            with redirect_stdout(TextIOWrapper(BytesIO())), redirect_stderr(StringIO()) as said:
                assert main(["info", *options, str(directory / "image")]) is not Status.BUG, said.getvalue()


TARGETS = {
    "index": Target(_make_index, _run_index),
    "headers": Target(_make_headers, _run_headers),
    "guards": Target(_make_guards, _run_guards),
    "archive": Target(_make_archive, _run_archive),
    "volume": Target(_make_volume, _run_volume),
    "salvage": Target(_make_salvage, _run_salvage),
    "map": Target(_make_map, _run_map),
    "sevenzip": Target(_make_sevenzip, _run_sevenzip),
    "recovery": Target(set_targets.make_recovery, set_targets.run_recovery),
    "setting": Target(set_targets.make_setting, set_targets.run_setting),
    "setindex": Target(set_targets.make_setindex, set_targets.run_setindex),
    "locate": Target(set_targets.make_locate, set_targets.run_locate),
    "set": Target(set_targets.make_set, set_targets.run_set),
    "bomb": Target(_make_bomb, _run_bomb),
}
