"""The first schema. A step never changes any more: it says what was, `pybackup.catalogue.schema` what is."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY, VARCHAR

revision = "0001"
down_revision = None

_BIG = sa.BigInteger()


def _binary(length: int) -> sa.types.TypeEngine[bytes]:
    return sa.LargeBinary(length).with_variant(VARBINARY(length), "mysql", "mariadb")


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(
        VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def _id() -> sa.Column[int]:
    return sa.Column("id", _BIG.with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False)


def upgrade() -> None:
    """Make the tables."""
    op.create_table("writer", _id(), sa.Column("taken_ns", _BIG, nullable=False))
    op.create_table("place", _id(), sa.Column("name", _text(255), nullable=False, unique=True))
    op.create_table(
        "volume",
        _id(),
        sa.Column("identity", _binary(64), nullable=False),
        sa.Column("listing", _binary(32)),
        sa.Column("kind", _text(16), nullable=False),
        sa.Column("name", _text(255), nullable=False),
        sa.Column("set_id", _binary(8)),
        sa.Column("set_name", _text(255)),
        sa.Column("number", _BIG),
        sa.Column("role", _text(16)),
        sa.Column("last", sa.Boolean, nullable=False),
        sa.Column("title", sa.Text, nullable=False),
        sa.Column("description", sa.Text, nullable=False),
        sa.Column("n_bytes", _BIG, nullable=False),
        sa.Column("files", _BIG, nullable=False),
        sa.Column("content_bytes", _BIG, nullable=False),
        sa.Column("first_entry", _BIG, nullable=False),
        sa.Column("entries", _BIG, nullable=False),
        sa.Column("added_ns", _BIG, nullable=False),
    )
    op.create_index("volume_by_identity", "volume", ["identity"])
    op.create_index("volume_by_set", "volume", ["set_id"])
    op.create_table(
        "medium",
        _id(),
        sa.Column("volume_id", _BIG, nullable=False),
        sa.Column("label", _text(255), nullable=False, unique=True),
        sa.Column("type", _text(16), nullable=False),
        sa.Column("location", sa.LargeBinary),
        sa.Column("place_id", _BIG),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("capacity_bytes", _BIG),
        sa.Column("added_ns", _BIG, nullable=False),
        sa.Column("seen_ns", _BIG),
        sa.Column("checked_ns", _BIG),
        sa.Column("changed_ns", _BIG),
    )
    op.create_index("medium_by_volume", "medium", ["volume_id"])
    op.create_table(
        "health",
        _id(),
        sa.Column("medium_id", _BIG, nullable=False),
        sa.Column("at_ns", _BIG, nullable=False),
        sa.Column("verdict", _text(16), nullable=False),
        sa.Column("bad_sectors", _BIG, nullable=False),
        sa.Column("sectors", _BIG, nullable=False),
        sa.Column("margin", sa.Float(53)),
        sa.Column("means", sa.Text, nullable=False),
    )
    op.create_index("health_by_medium", "health", ["medium_id"])
    op.create_table(
        "directory",
        _id(),
        sa.Column("parent_id", _BIG, nullable=False),
        sa.Column("name", _binary(1024), nullable=False),
        sa.UniqueConstraint("parent_id", "name", name="directory_by_name"),
    )
    op.create_table(
        "entry",
        _id(),
        sa.Column("volume_id", _BIG, nullable=False),
        sa.Column("directory_id", _BIG, nullable=False),
        sa.Column("name", _binary(1024), nullable=False),
        sa.Column("kind", sa.SmallInteger, nullable=False),
        sa.Column("size", _BIG, nullable=False),
        sa.Column("mtime_ns", _BIG, nullable=False),
        sa.Column("mode", _BIG, nullable=False),
        sa.Column("sha256", _binary(32)),
        sa.Column("sparse", sa.SmallInteger, nullable=False),
        sa.Column("first_part", _BIG, nullable=False),
        sa.Column("parts_here", _BIG, nullable=False),
        sa.Column("parts", _BIG, nullable=False),
        sa.Column("nested", sa.SmallInteger, nullable=False),
    )
    op.create_index("entry_by_content", "entry", ["sha256", "sparse", "volume_id"])
    op.create_index("entry_by_path", "entry", ["directory_id", "name"])
