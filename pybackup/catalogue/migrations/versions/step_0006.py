"""Which archives of no set a recovery volume covers."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY

revision = "0006"
down_revision = "0005"


def upgrade() -> None:
    """Make the table."""
    op.create_table(
        "cover",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("volume_id", sa.BigInteger(), nullable=False),
        sa.Column("identity", sa.LargeBinary(64).with_variant(VARBINARY(64), "mysql", "mariadb"), nullable=False),
    )
    op.create_index("cover_by_volume", "cover", ["volume_id"])
