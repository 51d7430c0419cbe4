"""The first schema, and the rule that the database itself keeps: a holdout case is never queried or learnt from."""

from alembic import op

revision = "0001"
down_revision = None

GUARD = """
create trigger {name} before insert on {table}
when exists (
  select 1 from membership m {join}
  where {match} and m.role = 'holdout'
)
begin
  select raise(abort, 'holdout cases are neither queried nor trained on');
end
"""


TABLES = (
    """
CREATE TABLE experiment (
  id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  settings VARCHAR NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (name)
)
    """,
    """
CREATE TABLE file (
  name VARCHAR(100) NOT NULL,
  size INTEGER NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (name)
)
    """,
    """
CREATE TABLE setting (
  "key" VARCHAR NOT NULL,
  value VARCHAR NOT NULL,
  PRIMARY KEY ("key")
)
    """,
    """
CREATE TABLE worker (
  id INTEGER NOT NULL,
  pid INTEGER NOT NULL,
  device VARCHAR NOT NULL,
  started_at VARCHAR NOT NULL,
  heartbeat DOUBLE NOT NULL,
  PRIMARY KEY (id)
)
    """,
    """
CREATE TABLE "case" (
  id INTEGER NOT NULL,
  name VARCHAR NOT NULL,
  subject VARCHAR NOT NULL,
  channels JSON NOT NULL,
  absent JSON NOT NULL,
  images JSON NOT NULL,
  originals JSON NOT NULL,
  brain VARCHAR(100) NOT NULL,
  brain_how VARCHAR NOT NULL,
  reference VARCHAR(100),
  shape JSON NOT NULL,
  affine JSON NOT NULL,
  warnings JSON NOT NULL,
  simulated BOOLEAN NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (name),
  FOREIGN KEY(brain) REFERENCES file (name),
  FOREIGN KEY(reference) REFERENCES file (name)
)
    """,
    """
CREATE TABLE model (
  id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  cycle_number INTEGER NOT NULL,
  file VARCHAR(100) NOT NULL,
  origin VARCHAR NOT NULL,
  settings JSON NOT NULL,
  architecture VARCHAR NOT NULL,
  seed INTEGER NOT NULL,
  steps INTEGER NOT NULL,
  seconds DOUBLE NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(file) REFERENCES file (name)
)
    """,
    """
CREATE TABLE annotation (
  id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  version INTEGER NOT NULL,
  reader VARCHAR NOT NULL,
  source VARCHAR NOT NULL,
  file VARCHAR(100) NOT NULL,
  regions JSON NOT NULL,
  seconds DOUBLE NOT NULL,
  draft_model_id INTEGER,
  comment VARCHAR NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  UNIQUE (experiment_id, case_id, version),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id),
  FOREIGN KEY(file) REFERENCES file (name),
  FOREIGN KEY(draft_model_id) REFERENCES model (id)
)
    """,
    """
CREATE TABLE cycle (
  id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  number INTEGER NOT NULL,
  phase VARCHAR NOT NULL,
  overrides JSON NOT NULL,
  model_id INTEGER,
  created_at VARCHAR NOT NULL,
  finished_at VARCHAR,
  PRIMARY KEY (id),
  UNIQUE (experiment_id, number),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(model_id) REFERENCES model (id)
)
    """,
    """
CREATE TABLE draft (
  experiment_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  reader VARCHAR NOT NULL,
  file VARCHAR(100) NOT NULL,
  seconds DOUBLE NOT NULL,
  updated_at VARCHAR NOT NULL,
  PRIMARY KEY (experiment_id, case_id, reader),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id),
  FOREIGN KEY(file) REFERENCES file (name)
)
    """,
    """
CREATE TABLE lease (
  experiment_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  reader VARCHAR NOT NULL,
  until DOUBLE NOT NULL,
  PRIMARY KEY (experiment_id, case_id),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id)
)
    """,
    """
CREATE TABLE membership (
  experiment_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  role VARCHAR NOT NULL,
  PRIMARY KEY (experiment_id, case_id),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id)
)
    """,
    """
CREATE TABLE prediction (
  model_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  draws INTEGER NOT NULL,
  label VARCHAR(100) NOT NULL,
  uncertainty VARCHAR(100) NOT NULL,
  scores JSON NOT NULL,
  spots JSON NOT NULL,
  seconds DOUBLE NOT NULL,
  PRIMARY KEY (model_id, case_id),
  FOREIGN KEY(model_id) REFERENCES model (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id),
  FOREIGN KEY(label) REFERENCES file (name),
  FOREIGN KEY(uncertainty) REFERENCES file (name)
)
    """,
    """
CREATE TABLE evaluation (
  model_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  annotation_id INTEGER NOT NULL,
  role VARCHAR NOT NULL,
  metrics JSON NOT NULL,
  PRIMARY KEY (model_id, case_id),
  FOREIGN KEY(model_id) REFERENCES model (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id),
  FOREIGN KEY(annotation_id) REFERENCES annotation (id)
)
    """,
    """
CREATE TABLE job (
  id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  status VARCHAR NOT NULL,
  experiment_id INTEGER,
  cycle_id INTEGER,
  arguments JSON NOT NULL,
  result JSON,
  error VARCHAR,
  cancel_requested BOOLEAN NOT NULL,
  attempts INTEGER NOT NULL,
  created_at VARCHAR NOT NULL,
  started_at VARCHAR,
  finished_at VARCHAR,
  heartbeat DOUBLE,
  claimed_by VARCHAR,
  PRIMARY KEY (id),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(cycle_id) REFERENCES cycle (id)
)
    """,
    """
CREATE TABLE "query" (
  cycle_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  rank INTEGER NOT NULL,
  strategy VARCHAR NOT NULL,
  score DOUBLE,
  reason VARCHAR NOT NULL,
  PRIMARY KEY (cycle_id, case_id),
  FOREIGN KEY(cycle_id) REFERENCES cycle (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id)
)
    """,
    """
CREATE TABLE remark (
  id INTEGER NOT NULL,
  experiment_id INTEGER NOT NULL,
  case_id INTEGER NOT NULL,
  cycle_id INTEGER NOT NULL,
  kind VARCHAR NOT NULL,
  reason VARCHAR NOT NULL,
  reader VARCHAR NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(experiment_id) REFERENCES experiment (id),
  FOREIGN KEY(case_id) REFERENCES "case" (id),
  FOREIGN KEY(cycle_id) REFERENCES cycle (id)
)
    """,
    """
CREATE TABLE trained_on (
  model_id INTEGER NOT NULL,
  annotation_id INTEGER NOT NULL,
  PRIMARY KEY (model_id, annotation_id),
  FOREIGN KEY(model_id) REFERENCES model (id),
  FOREIGN KEY(annotation_id) REFERENCES annotation (id)
)
    """,
    """
CREATE TABLE event (
  id INTEGER NOT NULL,
  job_id INTEGER NOT NULL,
  step INTEGER NOT NULL,
  total INTEGER NOT NULL,
  message VARCHAR NOT NULL,
  metrics JSON NOT NULL,
  created_at VARCHAR NOT NULL,
  PRIMARY KEY (id),
  FOREIGN KEY(job_id) REFERENCES job (id)
)
    """,
    """
CREATE INDEX event_of_job ON event (job_id, id)
    """,
)


def upgrade() -> None:
    for statement in TABLES:
        op.execute(statement)
    op.execute(
        GUARD.format(
            name="no_holdout_in_query",
            table="query",
            join="join cycle c on c.experiment_id = m.experiment_id",
            match="c.id = new.cycle_id and m.case_id = new.case_id",
        )
    )
    op.execute(
        GUARD.format(
            name="no_holdout_in_training",
            table="trained_on",
            join="join annotation a on a.experiment_id = m.experiment_id and a.case_id = m.case_id",
            match="a.id = new.annotation_id",
        )
    )
