"""What deltas are based on, and an index that has all that counting copies asks for."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import VARBINARY

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    """Make the table, and the index anew."""
    op.create_table(
        "base",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), primary_key=True, autoincrement=False),
        sa.Column("sha256", sa.LargeBinary(32).with_variant(VARBINARY(32), "mysql", "mariadb"), nullable=False),
    )
    op.create_index("base_by_content", "base", ["sha256"])
    op.drop_index("entry_by_content", table_name="entry")
    op.create_index("entry_by_content", "entry", ["sha256", "sparse", "volume_id", "kind", "parts", "size"])
