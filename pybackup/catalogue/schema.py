"""The tables of the catalogue, as they are now; `migrations` has the steps that lead here.

Names and paths are bytes, times nanoseconds since the epoch, sizes bytes; all integers have 64 bits. What people type
(labels, places, titles) is text. The entries of one volume have consecutive ids, so a range of ids selects them.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    VARBINARY,
    BigInteger,
    Boolean,
    Column,
    Float,
    Index,
    LargeBinary,
    MetaData,
    SmallInteger,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import TypeEngine

REVISION: Final = "0006"
# No file system takes more than 255; what comes out of a zip or a tar may be longer, and an index of PostgreSQL takes
# 2,704 bytes, one of InnoDB 3,072.
MAX_NAME_BYTES: Final = 1024
MAX_LABEL: Final = 255
ROOT: Final = 1  # id of the directory that all others lie in

metadata = MetaData()


class _MediumText(Text):
    """MEDIUMTEXT of MariaDB and MySQL; importing SQLAlchemy's own type would load its code for both databases."""

    __visit_name__ = "MEDIUMTEXT"
    charset = "utf8mb4"


def _binary(length: int) -> TypeEngine[bytes]:
    # MySQL's BINARY pads values with zeros, so that they are not found again; a BLOB cannot be a key.
    return LargeBinary(length).with_variant(VARBINARY(length), "mysql", "mariadb")


def _text(length: int) -> TypeEngine[str]:
    # In other collations of MariaDB and MySQL, A and á are equal to a. A collation says the character set, too.
    return String(length).with_variant(String(length, collation="utf8mb4_bin"), "mysql", "mariadb")


def _any_text() -> TypeEngine[str]:
    # Else MariaDB and MySQL use the character set of the database, which may be Latin-1.
    return Text().with_variant(Text(collation="utf8mb4_bin"), "mysql", "mariadb")


def _long_text() -> TypeEngine[str]:
    # TEXT ends at 64 KiB in MariaDB and MySQL.
    return Text().with_variant(_MediumText(), "mysql", "mariadb")


def _id() -> Column[int]:
    # Ids are counted by this program, as there is one writer at a time.
    return Column("id", BigInteger().with_variant(_sqlite_integer(), "sqlite"), primary_key=True, autoincrement=False)


def _sqlite_integer() -> TypeEngine[int]:
    from sqlalchemy import Integer

    return Integer()  # INTEGER PRIMARY KEY alone is SQLite's row id


# One row, which a writer locks first, in databases that cannot be locked as a whole.
writer = Table("writer", metadata, _id(), Column("taken_ns", BigInteger, nullable=False))

place = Table("place", metadata, _id(), Column("name", _text(MAX_LABEL), nullable=False, unique=True))

volume = Table(
    "volume",
    metadata,
    _id(),
    Column("identity", _binary(64), nullable=False),  # id of an archive, or a hash by which a medium is recognised
    Column("listing", _binary(32)),  # hash of its index; null if it is known only from other volumes
    Column("kind", _text(16), nullable=False),
    Column("name", _text(MAX_LABEL), nullable=False),
    Column("set_id", _binary(8)),
    Column("set_name", _text(MAX_LABEL)),
    Column("number", BigInteger),
    Column("role", _text(16)),
    Column("last", Boolean, nullable=False, default=False),
    Column("title", _any_text(), nullable=False, default=""),
    Column("description", _any_text(), nullable=False, default=""),
    Column("n_bytes", BigInteger, nullable=False, default=0),
    Column("files", BigInteger, nullable=False, default=0),
    Column("content_bytes", BigInteger, nullable=False, default=0),
    Column("first_entry", BigInteger, nullable=False, default=0),
    Column("entries", BigInteger, nullable=False, default=0),
    Column("added_ns", BigInteger, nullable=False),
    Index("volume_by_identity", "identity"),
    Index("volume_by_set", "set_id"),
)

medium = Table(
    "medium",
    metadata,
    _id(),
    Column("volume_id", BigInteger, nullable=False),
    Column("label", _text(MAX_LABEL), nullable=False, unique=True),
    Column("type", _text(16), nullable=False),
    Column("location", LargeBinary),  # where a file or a directory was found
    Column("place_id", BigInteger),
    Column("state", _text(16), nullable=False),
    Column("capacity_bytes", BigInteger),
    Column("added_ns", BigInteger, nullable=False),
    Column("seen_ns", BigInteger),  # null if it is known only from other volumes
    Column("checked_ns", BigInteger),  # when all of it was last read and found sound
    Column("changed_ns", BigInteger),  # when its state was last set
    Index("medium_by_volume", "volume_id"),
)

health = Table(
    "health",
    metadata,
    _id(),
    Column("medium_id", BigInteger, nullable=False),
    Column("at_ns", BigInteger, nullable=False),
    Column("verdict", _text(16), nullable=False),
    Column("bad_sectors", BigInteger, nullable=False, default=0),
    Column("sectors", BigInteger, nullable=False, default=0),
    Column("margin", Float(53)),  # of what the parity could still mend, 1 for all of it; null where nothing is known
    Column("means", _any_text(), nullable=False, default=""),  # the verb and the drive
    Index("health_by_medium", "medium_id"),
)

directory = Table(
    "directory",
    metadata,
    _id(),
    Column("parent_id", BigInteger, nullable=False),
    Column("name", _binary(MAX_NAME_BYTES), nullable=False),
    UniqueConstraint("parent_id", "name", name="directory_by_name"),
)

entry = Table(
    "entry",
    metadata,
    _id(),
    Column("volume_id", BigInteger, nullable=False),
    Column("directory_id", BigInteger, nullable=False),
    Column("name", _binary(MAX_NAME_BYTES), nullable=False),
    Column("kind", SmallInteger, nullable=False),  # pybackup.model.entry.Kind
    Column("size", BigInteger, nullable=False),
    Column("mtime_ns", BigInteger, nullable=False),
    Column("mode", BigInteger, nullable=False),
    Column("sha256", _binary(32)),
    Column("sparse", SmallInteger, nullable=False, default=0),  # the hash is of its sparse stream, not of all its bytes
    Column("first_part", BigInteger, nullable=False, default=0),  # of a file divided over volumes: its parts here
    Column("parts_here", BigInteger, nullable=False, default=0),
    Column("parts", BigInteger, nullable=False, default=0),
    Column("nested", SmallInteger, nullable=False, default=0),  # number of archives around it
    # Has all columns for counting copies, so that a million rows need not be looked up in the table.
    Index("entry_by_content", "sha256", "sparse", "volume_id", "kind", "parts", "size"),
    Index("entry_by_path", "directory_id", "name"),
)

# The base of an entry that is stored as a delta to other content (FORMAT.md, "Files with a base").
base = Table(
    "base",
    metadata,
    _id(),  # of the entry
    Column("sha256", _binary(32), nullable=False),
    Index("base_by_content", "sha256"),
)

# An archive that a recovery volume covers although it is no volume of its set.
cover = Table(
    "cover",
    metadata,
    _id(),
    Column("volume_id", BigInteger, nullable=False),  # of the recovery volume
    Column("identity", _binary(64), nullable=False),  # of the archive, which may be unknown
    Index("cover_by_volume", "volume_id"),
)

# A run of a chain, as its archive or the volumes of its set describe it.
chain_run = Table(
    "chain_run",
    metadata,
    _id(),
    Column("chain", _text(MAX_LABEL), nullable=False),
    Column("archive", _binary(8), nullable=False),  # id of the archive or of the set
    Column("at_ns", BigInteger, nullable=False),
    Column("level", _text(16), nullable=False),
    Column("reason", _any_text(), nullable=False, default=""),
    Column("location", LargeBinary),  # the archive, or the directory of the volumes, when these were last seen as files
    UniqueConstraint("chain", "archive", name="chain_run_by_archive"),
)

# An earlier archive, or a volume of an earlier set, that a run builds on, even if none of its files is in it now.
run_need = Table(
    "run_need",
    metadata,
    _id(),
    Column("run_id", BigInteger, nullable=False),
    Column("identity", _binary(64), nullable=False),
    Column("label", _any_text(), nullable=False),
    Column("files", BigInteger, nullable=False, default=0),
    Column("n_bytes", BigInteger, nullable=False, default=0),
    Index("run_need_by_run", "run_id"),
    Index("run_need_by_identity", "identity"),
)

# A run of a job, of any machine. Columns are for queries of other programs; the report has everything.
job_run = Table(
    "job_run",
    metadata,
    _id(),
    Column("job", _text(MAX_LABEL), nullable=False),
    Column("host", _text(MAX_LABEL), nullable=False),
    Column("started_ns", BigInteger, nullable=False),
    Column("finished_ns", BigInteger, nullable=False),
    Column("state", _text(16), nullable=False),
    Column("status", BigInteger, nullable=False),
    Column("report", _long_text(), nullable=False),  # JSON, a line of the history of runs
    Index("job_run_by_job", "job", "started_ns"),
)
