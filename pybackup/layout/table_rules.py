"""What the columns of a table must keep to, checked on whole columns before any row is looked at."""

from __future__ import annotations

import struct
from collections.abc import Sequence

import numpy as np

from pybackup.errors import Damaged
from pybackup.model.entry import Kind, Owner
from pybackup.model.member import STREAM_OFFSET, Method

from .columns import Int64s, Reader, Texts
from .table_form import BUNDLED, DELTA, MEMBER_COLUMNS, SECOND, SPARSE

OWNER_COUNT = struct.Struct("<I")
_MAX_BYTES = 1 << 62
_MAX_ID = 0xFFFFFFFF
Flags = np.ndarray[tuple[int], np.dtype[np.bool_]]
_NO_NAMES = frozenset((b"", b".", b".."))


def member_columns(
    members: dict[str, Int64s], is_content: Flags, is_stream: Flags, base: int, *, ascending: bool
) -> tuple[Int64s, ...]:
    """Offset, length, stream length, raw length, method and dictionary of each member, checked.

    Parameters
    ----------
    is_content, is_stream
        Which are no containers, and which of them lie in bundles.
    ascending
        Each lies behind the one before it.
    """
    packed, tail, method, dictionary = (members[name] for name in ("packed", "tail", "method", "dictionary"))
    for name in MEMBER_COLUMNS if ascending else MEMBER_COLUMNS[1:]:
        if len(packed) and int(members[name].min()) < 0:
            raise Damaged("an index with a negative size of a member")
    # Floats, since a sum of integers would wrap silently.
    if base + float(packed.astype(float).sum() + np.abs(members["gap"].astype(float)).sum()) > _MAX_BYTES:
        raise Damaged("an index with members beyond the end of any archive")
    if len(packed) and (int(method.max()) > max(Method) + DELTA or int(dictionary.max()) > 40):
        raise Damaged("an index with an unknown method")
    if any((members[name][~is_content] != 0).any() for name in ("tail", "method", "dictionary")):
        raise Damaged("an index with a container that is packed")
    if (members["raw"][~is_content] > _MAX_ID).any():
        raise Damaged("an index with an impossible number of a container")
    if (members["tail"][is_stream] != 0).any():
        raise Damaged("an index with a stream of a bundle that has a header of its own")
    if (method[is_stream] & DELTA).any():
        raise Damaged("an index with a delta in a bundle")
    advance = np.where(is_stream, packed, np.where(is_content, packed + -packed % 512, 0))
    offsets = base + np.cumsum(members["gap"] + np.concatenate(([0], advance[:-1]))) if len(packed) else packed
    if len(packed) and int(offsets.min()) < 0:
        raise Damaged("an index with a member before the archive")
    stream = np.where(is_stream, packed, np.where(is_content, packed - STREAM_OFFSET - tail, 0))
    if len(packed) and int(stream.min()) < 0:
        raise Damaged("an index with a member shorter than its parts")
    return offsets, packed, stream, members["raw"], method, dictionary


def check_names(names: Sequence[bytes]) -> None:
    """Refuse names that are not one component of a path."""
    joined = names.joined if isinstance(names, Texts) else b"".join(names)
    if b"/" in joined or b"\0" in joined or not _NO_NAMES.isdisjoint(names):
        raise Damaged("an index with a name that is none")


def check_members(columns: dict[str, Int64s], digests_bytes: int, digest_bytes: int) -> None:
    """Refuse members where no content is, and more or fewer than digests, before any memory is taken for them."""
    kinds, counts = columns["kind"], columns["members"]
    held, rest = divmod(digests_bytes, digest_bytes)
    if len(counts) and (int(counts.min()) < 0 or int(counts.max()) > max(held, 1)):
        raise Damaged("an index with an impossible number of members")
    if (counts[kinds != Kind.FILE] > (kinds[kinds != Kind.FILE] == Kind.DIRECTORY)).any():
        raise Damaged("an index gives members to an entry that has no content")
    if rest or int(counts[kinds == Kind.FILE].sum()) != held:
        raise Damaged("an index with another number of digests than members")


def check_sizes(columns: dict[str, Int64s], raw: Int64s) -> None:
    """Return the sizes of all files; refuse negative ones."""
    is_file = columns["kind"] == Kind.FILE
    if (columns["excess"][~is_file] != 0).any():
        raise Damaged("an index gives a size to an entry that is no file")
    if float(np.abs(columns["excess"].astype(float)).sum() + np.abs(raw.astype(float)).sum()) > _MAX_BYTES:
        raise Damaged("an index with files of impossible size")
    ends = np.concatenate((np.zeros(1, np.int64), np.cumsum(raw)))
    last = np.cumsum(columns["members"])
    sizes = columns["excess"] + ends[last] - ends[last - columns["members"]]
    if (sizes[is_file] < 0).any():
        raise Damaged("an index with a file of negative size")


def check_rows(columns: dict[str, Int64s], owners: int, *, bundles: bool) -> None:
    """Values within their bounds, entries in directories before them, owners in order."""
    count = len(columns["kind"])
    if not count:
        return
    limits = {"kind": (1, 7), "flags": (0, 7 if bundles else 3), "mode": (0, 0o7777), "owner": (0, owners - 1)}
    limits["mtime_ns"] = (0, SECOND - 1)
    limits["mtime_s"] = (-_MAX_BYTES, _MAX_BYTES)
    for name, (low, high) in limits.items():
        if int(columns[name].min()) < low or int(columns[name].max()) > high:
            raise Damaged(f"an index with an impossible {name}")
    up = columns["up"]
    if int(up.min()) < 0 or (up > np.arange(count)).any():
        raise Damaged("an index with an entry that lies in none of the entries before it")
    if (columns["kind"][np.arange(count) - up][up > 0] != Kind.DIRECTORY).any():
        raise Damaged("an index puts an entry into something that is no directory")
    if (columns["flags"][columns["kind"] != Kind.FILE] != 0).any():
        raise Damaged("an index gives flags to an entry that is no file")
    in_bundle = columns["flags"] & BUNDLED != 0
    if (in_bundle & ((columns["flags"] & SPARSE != 0) | (columns["members"] != 1))).any():
        raise Damaged("an index puts into a bundle what is no file of one piece")
    owner = columns["owner"]
    known = np.maximum.accumulate(np.concatenate((np.full(1, -1), owner)))
    if (owner > known[:-1] + 1).any() or int(known[-1]) != owners - 1:
        raise Damaged("an index whose owners do not stand in the order of their entries")


def read_owners(reader: Reader, entries: int) -> list[Owner]:
    """The owner table, without doubles and no longer than the entries."""
    (count,) = OWNER_COUNT.unpack(reader.take(OWNER_COUNT.size))
    if count > entries:
        raise Damaged("an index with an impossible number of owners")
    uids, gids = (reader.sizes(count).tolist() for _ in range(2))
    users, groups = (reader.texts(count) for _ in range(2))
    if any(number > _MAX_ID for number in (*uids, *gids)):
        raise Damaged("an index with an impossible owner")
    owners = [Owner(*row) for row in zip(uids, gids, users, groups, strict=True)]
    if len(set(owners)) != count:
        raise Damaged("an index that names an owner twice")
    return owners
