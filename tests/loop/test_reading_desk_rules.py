"""Anchoring, tabs, Regions and versions: what opening and submitting a case promise."""

from dataclasses import replace

import nibabel as nib
import numpy as np
import pytest
from alembic import command
from alembic.config import Config

from activedints.core.errors import IllegalChange
from activedints.core.experiment import ExperimentSettings
from activedints.core.nested import NestedRule
from activedints.core.settings import LabelSet
from activedints.core.volume import IGNORE
from activedints.loop import anchoring, opening, progress, reading, trust, worklist
from activedints.store import annotations, cycles, migrate
from activedints.store.database import Store
from activedints.store.schema import Annotation, Evaluation, Lease, Query
from tests.ui import workspaces
from tests.ui.workspaces import SHAPE


@pytest.fixture
def ready(tmp_path) -> Store:
    """One cycle turned: two cases wait, with a draft."""
    store = workspaces.filled(tmp_path)
    reading.simulate_reader(store)
    workspaces.turn(store)
    return store


def change_query(store: Store, case: int, **fields) -> None:
    with store.write() as session:
        query = next(q for q in cycles.queries(session, cycles.current(session, 1).id) if q.case_id == case)
        for name, value in fields.items():
            setattr(query, name, value)


OLD_ROWS = """
insert into file values ('x.nii.gz', 1, '2026');
insert into "case" values (1, 'c', 'c', '["FLAIR"]', '[]', '["x.nii.gz"]', '[]', 'x.nii.gz', 'given', null,
                           '[4, 4, 4]', '[]', '[]', 0, '2026');
insert into experiment values (1, 'e', '{}', '2026');
insert into membership values (1, 1, 'learning');
insert into cycle values (1, 1, 0, 'annotate', '{}', null, '2026', null);
insert into query values (1, 1, 1, 'entropy', 0.5, 'why');
insert into lease values (1, 1, 'ada', 1.0);
"""


def test_an_older_workspace_gets_the_new_columns_and_keeps_its_rows(tmp_path):
    old = Store(tmp_path)
    old.files.prepare()
    config = Config()
    config.set_main_option("script_location", str(migrate.FOLDER))
    with old.engine.connect() as connection:
        config.attributes["connection"] = connection
        command.upgrade(config, "0001")
        for statement in OLD_ROWS.split(";")[:-1]:
            connection.exec_driver_sql(statement)
    old.engine.dispose()
    store = Store.open(tmp_path)
    with store.read() as session:
        (query,) = session.query(Query)
        assert (query.reason, query.regions or [], query.blind) == ("why", [], False)
        assert session.query(Lease).one().tab == ""
    store.engine.dispose()


@pytest.mark.parametrize("share", [0.1, 0.2, 0.5])
def test_one_case_in_each_block_is_read_blind_and_never_the_first(share):
    block = round(1 / share)
    for seed in range(3):
        chosen = [anchoring.reads_blind(number, share, seed) for number in range(20 * block)]
        assert [sum(chosen[at : at + block]) for at in range(0, len(chosen), block)] == [1] * 20
        assert not any(chosen[::block])
    assert not any(anchoring.reads_blind(number, 0.0, 0) for number in range(50))


def test_a_blind_case_opens_without_the_models_opinion_and_is_told_apart(ready):
    case = worklist.next_case(ready, "ada")
    shown = reading.preview(ready, case, "ada")
    assert shown.segmentation is not None
    assert shown.spots
    change_query(ready, case, blind=True)
    opened = reading.open_case(ready, case, "ada")
    assert (opened.segmentation, opened.uncertainty, opened.spots, opened.verdict) == (None, None, (), "")
    assert opened.unread_by_model
    assert "without the model's opinion" in opened.segmentation_is
    drawing = np.asarray(nib.load(shown.segmentation).dataobj).astype(np.uint8)
    reading.submit_annotation(ready, reading.Submission(case, "ada", drawing, 60.0, blind=opened.blind))
    row = next(row for row in progress.view(ready).reading if row["source"] == "reader")
    assert row["blind"] is True
    assert row["agreement with the draft"] == 1.0
    after = reading.preview(ready, case, "ada")
    assert not after.blind
    assert [name for name, _ in after.versions] == ["version 1, ada", "the model's draft"]


def test_anchoring_in_words():
    def read(blind: bool, values: list[float]) -> list[Annotation]:
        return [Annotation(agreement=v, blind=blind, seconds=60.0) for v in values]

    few = anchoring.summarise(read(False, [0.9, 0.9]) + read(True, [0.6]))
    assert "not known yet" in few.sentence
    assert "2 with it and 1 without" in few.sentence
    found = anchoring.summarise(read(False, [0.95, 0.9, 0.93, 0.94]) + read(True, [0.6, 0.7, 0.65]))
    assert (found.shown_n, found.blind_n) == (4, 3)
    assert found.shown == pytest.approx(0.93)
    assert "drafts pull readers towards them" in found.sentence
    same = anchoring.summarise(read(False, [0.9, 0.7, 0.8]) + read(True, [0.8, 0.9, 0.7]))
    assert "no pull of the drafts is shown" in same.sentence


def test_agreement_leaves_out_what_nobody_read():
    mine = np.array([1, 0, 2, IGNORE], np.uint8)
    assert anchoring.agreement(mine, np.array([1, 1, 0, 1], np.uint8)) == 0.5
    assert anchoring.agreement(mine * 0, mine * 0) is None


def test_a_second_tab_takes_the_case_over_and_the_first_is_told(ready):
    case = worklist.next_case(ready, "ada")
    assert not reading.open_case(ready, case, "ada", "one").taken_over
    assert not reading.open_case(ready, case, "ada", "one").taken_over
    assert reading.open_case(ready, case, "ada", "two").taken_over
    voxels = np.zeros(SHAPE, np.uint8)
    with pytest.raises(IllegalChange, match="another tab of yours"):
        reading.save_draft(ready, case, "ada", voxels, 1.0, "one")
    with pytest.raises(IllegalChange, match="another tab of yours"):
        reading.renew(ready, case, "ada", "one")
    reading.close_case(ready, case, "ada", "one")  # the tab that lost it frees nothing
    with ready.read() as session:
        assert annotations.leased(session, 1) == {case: "ada"}
    reading.save_draft(ready, case, "ada", voxels, 2.0, "two")
    assert reading.open_case(ready, case, "ada", "two").seconds == 2.0
    with pytest.raises(IllegalChange, match="go on in the other tab"):
        reading.submit_annotation(ready, reading.Submission(case, "ada", voxels, tab="one"))
    assert reading.open_case(ready, case, "ada", "two").seconds == 2.0, "the other tab's draft is still there"
    reading.submit_annotation(ready, reading.Submission(case, "ada", voxels, tab="two"))


def test_a_query_for_a_box_is_annotated_there_and_ignored_elsewhere(ready):
    case = worklist.next_case(ready, "ada")
    box = ((2, 3, 4), (8, 9, 10))
    change_query(ready, case, regions=[[list(end) for end in box]])
    opened = reading.open_case(ready, case, "ada")
    assert opened.regions == (box,)
    drawing = np.full(SHAPE, 2, np.uint8)
    reading.submit_annotation(ready, reading.Submission(case, "ada", drawing, regions=opened.regions))
    with ready.read() as session:
        row = annotations.newest(session, 1, case)
        stored = np.asarray(nib.load(ready.files.path(row.file)).dataobj)
    inside = np.zeros(SHAPE, bool)
    inside[2:8, 3:9, 4:10] = True
    assert (stored[inside] == 2).all()
    assert (stored[~inside] == IGNORE).all()
    assert not annotations.covers(row, SHAPE)
    # opened again, the rest of the case shows the draft, not an empty map
    again = reading.open_case(ready, case, "ada")
    start = np.asarray(nib.load(opening.starting_map(ready, again)).dataobj)
    draft = np.asarray(nib.load(again.beneath).dataobj)
    np.testing.assert_array_equal(start, np.where(inside, 2, draft))


def test_rules_follow_from_the_names_of_the_labels_and_travel_with_the_settings():
    labels = LabelSet((0, 1, 2, 3), ("background", "edema", "non-enhancing tumor", "enhancing tumour"))
    settings = ExperimentSettings(("FLAIR",), labels)
    assert settings.rules == (NestedRule("enhancing tumour", ("edema", "non-enhancing tumor")),)
    own = replace(settings, nested=(NestedRule("edema", ("enhancing tumour",)),))
    assert ExperimentSettings.from_json(own.to_json()) == own
    assert ExperimentSettings.from_json(settings.to_json()) == settings
    assert ExperimentSettings(("FLAIR",), LabelSet((0, 1), ("background", "lesion"))).rules == ()


def test_the_verdict_counts_the_spots_of_the_calibration_cases(ready):
    with ready.write() as session:
        model = cycles.newest_model(session, 1)
        assert "not known" in trust.spots_verdict(session, model.id)
        row = cycles.evaluations(session, model.id, "calibration")[0]
        spots = {"spots": 5, "wrong": 2, "voxels_elsewhere": 1000, "errors_elsewhere": 6}
        for case_id in range(4):
            session.merge(
                Evaluation(
                    model_id=model.id,
                    case_id=case_id + 1,
                    annotation_id=row.annotation_id,
                    role="calibration",
                    metrics={**row.metrics, "spots": spots},
                )
            )
        session.flush()
        said = trust.spots_verdict(session, model.id)
    assert said.startswith("Spots like these were wrong 4 times in 10 on the calibration cases (8 of 20 spots")
    assert "0.6 % of the voxels" in said
