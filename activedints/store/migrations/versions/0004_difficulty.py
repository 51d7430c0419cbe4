"""How hard a reader found a case."""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.execute("alter table annotation add column difficulty varchar not null default ''")
