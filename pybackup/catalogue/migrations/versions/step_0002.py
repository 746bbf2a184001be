"""Chains: their runs, and which earlier archives each needs."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY, VARCHAR

revision = "0002"
down_revision = "0001"

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
    op.create_table(
        "chain_run",
        _id(),
        sa.Column("chain", _text(255), nullable=False),
        sa.Column("archive", _binary(8), nullable=False),
        sa.Column("at_ns", _BIG, nullable=False),
        sa.Column("level", _text(16), nullable=False),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("location", sa.LargeBinary),
        sa.UniqueConstraint("chain", "archive", name="chain_run_by_archive"),
    )
    op.create_table(
        "run_need",
        _id(),
        sa.Column("run_id", _BIG, nullable=False),
        sa.Column("identity", _binary(64), nullable=False),
        sa.Column("label", sa.Text, nullable=False),
        sa.Column("files", _BIG, nullable=False),
        sa.Column("n_bytes", _BIG, nullable=False),
    )
    op.create_index("run_need_by_run", "run_need", ["run_id"])
    op.create_index("run_need_by_identity", "run_need", ["identity"])
