"""What honest active learning needs: a query's probability, embeddings, boxes, calibration voxels, Members, and
how much a reader changed."""

from alembic import op

revision = "0003"
down_revision = "0002"

COLUMNS = (
    "ALTER TABLE query ADD COLUMN probability DOUBLE",
    "ALTER TABLE prediction ADD COLUMN embedding JSON",
    "ALTER TABLE prediction ADD COLUMN boxes JSON",
    "ALTER TABLE prediction ADD COLUMN sample VARCHAR(100) REFERENCES file (name)",
    "ALTER TABLE annotation ADD COLUMN changed_ml DOUBLE",
    """
CREATE TABLE member (
  model_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  file VARCHAR(100) NOT NULL,
  PRIMARY KEY (model_id, number),
  FOREIGN KEY(model_id) REFERENCES model (id),
  FOREIGN KEY(file) REFERENCES file (name)
)
    """,
)


def upgrade() -> None:
    for statement in COLUMNS:
        op.execute(statement)
