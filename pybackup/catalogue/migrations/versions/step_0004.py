"""Any text everywhere: MariaDB and MySQL took what the database was made for, and refused or changed the rest."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.mysql import TEXT

revision = "0004"
down_revision = "0003"

_COLUMNS = (
    ("volume", "title"),
    ("volume", "description"),
    ("health", "means"),
    ("chain_run", "reason"),
    ("run_need", "label"),
)


def upgrade() -> None:
    """Change the columns; other databases have nothing to change."""
    if op.get_bind().dialect.name not in ("mysql", "mariadb"):
        return
    for table, column in _COLUMNS:
        text = TEXT(charset="utf8mb4", collation="utf8mb4_bin")
        op.alter_column(table, column, type_=text, existing_type=sa.Text(), existing_nullable=False)
