"""Runs of jobs: what came of each, on whatever machine."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import MEDIUMTEXT, VARCHAR

revision = "0003"
down_revision = "0002"

_BIG = sa.BigInteger()


def _text(length: int) -> sa.types.TypeEngine[str]:
    return sa.String(length).with_variant(
        VARCHAR(length, charset="utf8mb4", collation="utf8mb4_bin"), "mysql", "mariadb"
    )


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "job_run",
        sa.Column("id", _BIG.with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("job", _text(255), nullable=False),
        sa.Column("host", _text(255), nullable=False),
        sa.Column("started_ns", _BIG, nullable=False),
        sa.Column("finished_ns", _BIG, nullable=False),
        sa.Column("state", _text(16), nullable=False),
        sa.Column("status", _BIG, nullable=False),
        sa.Column("report", sa.Text().with_variant(MEDIUMTEXT(charset="utf8mb4"), "mysql", "mariadb"), nullable=False),
    )
    op.create_index("job_run_by_job", "job_run", ["job", "started_ns"])
