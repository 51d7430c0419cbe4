import hashlib
import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from activedints.core.cycle import Role
from activedints.core.errors import WorkspaceUnusable
from activedints.core.experiment import ExperimentSettings
from activedints.core.settings import LabelSet
from activedints.store import annotations, cases, cycles
from activedints.store.database import Store
from activedints.store.schema import Annotation, Base, Case, Model, Query

SETTINGS = ExperimentSettings(("FLAIR",), LabelSet((0, 1), ("background", "lesion")))


def test_migrations_make_exactly_the_schema(store):
    with store.engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), Base.metadata) == []


def test_a_workspace_of_a_newer_schema_is_refused(store):
    with store.engine.execution_options(writes=True).begin() as connection:
        connection.execute(text("update alembic_version set version_num = '9999'"))
    with pytest.raises(WorkspaceUnusable, match="schema 9999, newer than this version"):
        Store.open(store.folder)


def test_a_folder_that_cannot_be_written_is_refused(tmp_path):
    blocked = tmp_path / "file"
    blocked.write_text("not a folder")
    with pytest.raises(WorkspaceUnusable, match="cannot be written.*choose another folder"):
        Store.open(blocked / "workspace")


def test_a_file_that_is_no_database_is_refused(tmp_path):
    (tmp_path / "activedints.sqlite").write_bytes(b"this is not a database at all, but long enough to be read" * 20)
    with pytest.raises(WorkspaceUnusable, match="is damaged.*put a copy of it back"):
        Store.open(tmp_path)


def test_a_failed_transaction_leaves_nothing(store):
    with pytest.raises(RuntimeError), store.write() as session:
        cases.add_experiment(session, "half", SETTINGS)
        raise RuntimeError("in the middle")
    with store.read() as session:
        assert cases.experiments(session) == []


def test_a_full_disk_changes_nothing_and_says_so(store):
    with store.write() as session:
        cases.add_experiment(session, "kept", SETTINGS)
    with sqlite3.connect(store.database) as direct:
        pages = direct.execute("pragma page_count").fetchone()[0]
    with store.engine.connect() as connection:  # SQLite's own limit raises the error that a full disk raises
        connection.exec_driver_sql("rollback")
        connection.exec_driver_sql(f"pragma max_page_count={pages}")
        connection.exec_driver_sql("begin")
    with (
        pytest.raises(WorkspaceUnusable, match="neither full nor read-only; nothing was changed"),
        store.write() as session,
    ):
        cases.add_experiment(session, "x" * 500_000, SETTINGS)
    with store.read() as session:
        assert [e.name for e in cases.experiments(session)] == ["kept"]


def test_files_are_named_by_their_content_and_stored_once(store, tmp_path):
    source = tmp_path / "a.nii.gz"
    source.write_bytes(b"content")
    with store.write() as session:
        first = store.files.add(session, source)
        assert store.files.add(session, source) == first
    assert first == hashlib.sha256(b"content").hexdigest() + ".nii.gz"
    assert store.files.path(first).read_bytes() == b"content"
    assert not list(store.files.folder.glob(".incoming-*"))


def test_orphans_are_files_without_a_row(store, tmp_path):
    source = tmp_path / "a.bin"
    source.write_bytes(b"content")
    with pytest.raises(RuntimeError), store.write() as session:
        store.files.add(session, source)
        raise RuntimeError("the process dies before its row lands")
    with store.read() as session:
        assert [p.name for p in store.files.orphans(session)] == [hashlib.sha256(b"content").hexdigest() + ".bin"]


def version_by(reader: str, experiment_id: int, case_id: int, file: str) -> Annotation:
    return Annotation(
        experiment_id=experiment_id, case_id=case_id, reader=reader, source="reader", file=file, regions=[], seconds=0
    )


@pytest.fixture
def holdout(store, tmp_path):
    """An experiment whose only case is held out and annotated."""
    source = tmp_path / "x.nii.gz"
    source.write_bytes(b"x")
    with store.write() as session:
        file = store.files.add(session, source)
        case = Case(
            name="c", subject="c", channels=["FLAIR"], absent=[], images=[file], originals=[], brain=file,
            brain_how="given", shape=[1, 1, 1], affine=[], warnings=[], simulated=False,
        )  # fmt: skip
        session.add(case)
        experiment = cases.add_experiment(session, "e", SETTINGS)
        session.flush()
        cases.join(session, experiment.id, case.id, Role.HOLDOUT)
        cycle = cycles.start(session, experiment.id, 0)
        annotation = annotations.add(
            session,
            Annotation(
                experiment_id=experiment.id,
                case_id=case.id,
                reader="r",
                source="reader",
                file=file,
                regions=[],
                seconds=0,
            ),
        )
        return store, file, experiment.id, cycle.id, case.id, annotation


def test_the_database_refuses_to_query_a_holdout_case(holdout):
    store, _, _, cycle_id, case_id, _ = holdout
    query = Query(cycle_id=cycle_id, case_id=case_id, rank=1, strategy="random", score=None, reason="")
    with pytest.raises(IntegrityError, match="neither queried nor trained on"), store.write() as session:
        cycles.add_query(session, query)


def test_the_database_refuses_to_train_on_a_holdout_case(holdout):
    store, file, experiment_id, _, _, annotation = holdout
    model = Model(
        experiment_id=experiment_id, cycle_number=0, file=file, origin="trained", settings={}, architecture="small",
        seed=0, steps=1, seconds=1.0,
    )  # fmt: skip
    with pytest.raises(IntegrityError, match="neither queried nor trained on"), store.write() as session:
        cycles.add_model(session, model, [annotation])


def test_versions_of_an_annotation_only_grow(holdout):
    store, file, experiment_id, _, case_id, _ = holdout
    with store.write() as session:
        later = Annotation(
            experiment_id=experiment_id, case_id=case_id, reader="s", source="reader", file=file, regions=[], seconds=0
        )
        assert annotations.add(session, later).version == 2
    with store.read() as session:
        assert [a.reader for a in annotations.versions(session, experiment_id, case_id)] == ["r", "s"]


WRITER = """
import sys
from pathlib import Path
from activedints.store.database import Store
store = Store.open(Path(sys.argv[1]))
print("ready", flush=True)
number = 0
while True:
    source = Path(sys.argv[1]) / "next.bin"
    source.write_bytes(b"%d" % number * 50_000)
    with store.write() as session:
        store.files.add(session, source)
    number += 1
"""


def test_kill_in_the_middle_of_writes_leaves_no_half_file(tmp_path):
    folder = tmp_path / "workspace"
    for _ in range(3):
        process = subprocess.Popen([sys.executable, "-c", WRITER, str(folder)], stdout=subprocess.PIPE, cwd=Path.cwd())
        process.stdout.readline()
        try:
            process.wait(timeout=0.4)
        except subprocess.TimeoutExpired:
            process.kill()
        process.wait()
        process.stdout.close()
    store = Store.open(folder)
    stored = [p for p in store.files.folder.rglob("*.bin") if not p.name.startswith(".incoming")]
    assert stored, "the writer never got to write"
    for path in stored:
        assert path.name == hashlib.sha256(path.read_bytes()).hexdigest() + ".bin"
    with store.read() as session:
        assert session.execute(text("pragma integrity_check")).scalar() == "ok"
        known = {name for (name,) in session.execute(text("select name from file"))}
    assert known <= {p.name for p in stored}
    assert os.path.getsize(folder / "activedints.sqlite") > 0
    store.engine.dispose()
