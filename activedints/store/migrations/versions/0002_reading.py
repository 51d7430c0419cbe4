"""What reading needs: Regions of a query, cases read blind, agreement with the draft, and which tab has a case open."""

from alembic import op

revision = "0002"
down_revision = "0001"

COLUMNS = (
    "alter table query add column regions json not null default '[]'",
    "alter table query add column blind boolean not null default 0",
    "alter table annotation add column blind boolean not null default 0",
    "alter table annotation add column agreement double",
    "alter table lease add column tab varchar not null default ''",
)


def upgrade() -> None:
    for statement in COLUMNS:
        op.execute(statement)
