"""The texts on a disc: README.TXT for people who find it, and the list of the files of its set."""

from __future__ import annotations

import io
import time
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from pybackup.layout.readme import README
from pybackup.model.display import display

README_NAME = "README.TXT"
FORMAT_NAME = "FORMAT.TXT"
RESCUE_NAME = "RESCUE.PY"
INDEX_NAME = "INDEX.TXT.gz"
_PACKED = ".XZ"
SUMS_NAME = "SHA256SUMS"
PARITY_NAME = "PARITY.XPR"

_FLUSHED_BYTES = 1 << 20


@dataclass(frozen=True, slots=True)
class DiscWords:
    """What README.TXT says about a disc.

    Attributes
    ----------
    volume
        Name of the volume's file on the disc.
    set_name, number
        Names for people; the number is empty for an archive on a single disc.
    of
        How many data discs the set has; 0 if unknown, since more may follow.
    recovery
        The disc has a recovery volume, and no files.
    date
        Of the newest file.
    program
        Name of the wheel of pybackup on the disc; empty where there was no room for it.
    catalogue
        Name of the catalogue on the disc, which is packed if it ends in ``.XZ``; empty where there is none.
    is_of_series
        Each disc has an archive of its own, with the files that are new or changed since the disc before.
    """

    volume: str
    set_name: str
    number: str = ""
    of: int = 0
    recovery: bool = False
    date: str = ""
    program: str = ""
    catalogue: str = ""
    is_of_series: bool = False


@dataclass(frozen=True, slots=True)
class IndexLine:
    """A file or link of the set, and the discs that have it."""

    path: bytes
    n_bytes: int
    mtime_ns: int
    volumes: str


def readme_text(words: DiscWords) -> bytes:
    """Return README.TXT, in ASCII but for the name of the set."""
    which = f"disc {words.number}" if words.number else "the only disc"
    if words.of:
        which += f" of {words.of}"
    elif words.number and not words.recovery:
        which += ", perhaps not the last one,"
    kind = _RECOVERY if words.recovery else _DATA
    several = _OF_SERIES if words.is_of_series else _SEVERAL if words.number else ""
    text = _README.format(
        which=which,
        name=words.set_name,
        date=words.date,
        volume=words.volume,
        kind=kind.format(volume=words.volume),
        several=several,
        catalogue=_CATALOGUE_LINE.format(name=words.catalogue) if words.catalogue else "",
        queries=_queries(words),
        source=_PROGRAM_LINE.format(program=words.program) if words.program else "",
        again=f",\n   and {words.program} on this one: a tar, in pybackup/standalone" if words.program else "",
        program=(_WITH_PROGRAM if words.program else _WITHOUT_PROGRAM).format(program=words.program),
    )
    recipe = README.decode().partition("To restore")[2].partition("With pybackup:")[0]
    return f"{text}To restore{recipe.rstrip()}\n".encode("utf-8", "backslashreplace")


def _queries(words: DiscWords) -> str:
    catalogue = words.catalogue
    if not catalogue:
        return ""
    ask = _ASK_PACKED.format(name=catalogue) if catalogue.endswith(_PACKED) else _ASK
    return ask + _QUERIES + (_QUERY_OF_SERIES if words.is_of_series else "")


def index_text(name: str, lines: Iterable[IndexLine]) -> bytes:
    """Return INDEX.TXT.gz: disc, size, date and path of each, names that are not printable escaped."""
    packed = io.BytesIO()
    # gzip with a time of 0 and no name.
    squeeze = zlib.compressobj(9, zlib.DEFLATED, 31)
    buffer = bytearray()
    for line in _index_lines(name, lines):
        buffer += line.encode("utf-8", "backslashreplace")
        if len(buffer) >= _FLUSHED_BYTES:
            packed.write(squeeze.compress(bytes(buffer)))
            buffer.clear()
    packed.write(squeeze.compress(bytes(buffer)) + squeeze.flush())
    return packed.getvalue()


def _index_lines(name: str, lines: Iterable[IndexLine]) -> Iterator[str]:
    yield f"# {name}: disc, size in bytes, last change (UTC), path\n"
    for line in lines:
        yield f"{line.volumes:>7} {line.n_bytes:>14} {date_of(line.mtime_ns)} {display(line.path)}\n"


def date_of(mtime_ns: int) -> str:
    """Return the day of a time in nanoseconds, UTC."""
    try:
        return time.strftime("%Y-%m-%d", time.gmtime(mtime_ns // 10**9))
    except (ValueError, OverflowError, OSError):
        # Years that the C library does not know.
        return "----------"


def sums_text(sums: Iterable[tuple[str, bytes]]) -> bytes:
    """Return SHA256SUMS, as ``sha256sum -c`` takes it."""
    return b"".join(f"{digest.hex()}  {name}\n".encode() for name, digest in sums)


_README = """\
You found a backup. This is {which} of "{name}", made by
the program pybackup; the newest file in it is of {date}.

What is on this disc:

    {volume}
                  {kind}
    README.TXT    this text
    INDEX.TXT.gz  the files of the backup, as far as they were known when this
                  disc was made, and on which disc each lies
    RESCUE.PY     gets files out; needs Python 3.8 or later and nothing else
    FORMAT.TXT    what every byte of the backup means
{catalogue}{source}    SHA256SUMS    checksums of these files: sha256sum -c SHA256SUMS
    PARITY.XPR    spare sectors, for every byte of this disc

{queries}IF THE DISC READS BADLY: do not try again and again. Copy it with GNU ddrescue

    ddrescue -b 2048 -n /dev/sr0 disc.img disc.map

and use disc.img instead of /dev/sr0 in what follows.

Ways to get the files; RESCUE.PY on this disc is enough, if the disc is not damaged:

1. With pybackup. It repairs what is damaged, which the other ways do not:

    pybackup repair disc.img -o whole.iso
    pybackup salvage disc.img --to DIR
{program}
2. With Python alone. It works on the file, the disc or an image of it, and gets
   out whatever is not damaged:

    python3 RESCUE.PY list /dev/sr0
    python3 RESCUE.PY extract /dev/sr0 --to DIR
    python3 RESCUE.PY salvage disc.img --to DIR
{several}
   If RESCUE.PY itself is damaged (a SyntaxError; compare it with SHA256SUMS),
   any other disc has it{again}.

3. With tar and 7z alone, as follows; A.xtar is {volume}.

"""
_CATALOGUE_LINE = """\
    {name}
                  the same as a database, for the program sqlite3
"""
_ASK = """\
To ask where something is, in the directory of the disc:

"""
_ASK_PACKED = """\
To ask where something is, in a directory with room; DISC is that of the disc:

    xz -dc DISC/{name} > CATALOGUE.SQLITE
"""
_QUERIES = """\
    sqlite3 CATALOGUE.SQLITE "SELECT volume.name, path || '/' || entry.name
      FROM entry JOIN directory ON directory.id = directory_id
      JOIN volume ON volume.id = volume_id WHERE entry.name LIKE '%.jpg'"
    sqlite3 CATALOGUE.SQLITE "SELECT volume.name, count(*), sum(size)
      FROM entry JOIN volume ON volume.id = volume_id GROUP BY volume.id"
    sqlite3 CATALOGUE.SQLITE "SELECT size, path || '/' || name FROM entry
      JOIN directory ON directory.id = directory_id ORDER BY size DESC LIMIT 9"

"""
_QUERY_OF_SERIES = """\
Its volume of the kind 'tree' is no disc, but the directory of which all this is
the backup: the names that files had when this disc was made. A file that got
another name is on its disc under the one before. To find it by content:

    sqlite3 CATALOGUE.SQLITE "SELECT volume.name, path || '/' || there.name
      FROM entry JOIN entry AS there USING (sha256)
      JOIN directory ON directory.id = there.directory_id
      JOIN volume ON volume.id = there.volume_id
      WHERE volume.kind = 'archive' AND entry.name = 'photo.jpg'"

"""
_PROGRAM_LINE = """\
    {program}
                  the program pybackup itself, in Python: its source archive
"""
_WITH_PROGRAM = """
   It is on this disc, as {program}. Of it
   python3 -m pip install makes the command; tar unpacks it, and in what comes
   out it runs as python3 -m pybackup. What else has to be installed for it, its
   file PKG-INFO says. Do not install what is called "pybackup" elsewhere: that
   is another program.
"""
_WITHOUT_PROGRAM = """
   There was no room for it on this disc; other discs may have it. Do not install
   what is called "pybackup" elsewhere: that may be another program.
"""
_DATA = "the files: a tar of small 7z archives"
_RECOVERY = "no files, but what brings back lost discs of the set:\n                  pybackup rebuild"
_OF_SERIES = """
   Each disc of this series has whole files, those that were new or changed since
   the disc before. INDEX.TXT.gz of the newest disc tells which has what.
"""
_SEVERAL = """
   Give it all discs of the set, or images of them, at once, in any order: a file
   that is longer than a disc lies on several.
"""
