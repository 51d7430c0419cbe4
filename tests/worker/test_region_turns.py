"""Turns that ask for Regions."""

import json

import numpy as np
import pytest

from activedints.core import region
from activedints.core.errors import ActiveDintsError
from activedints.formats.header import read_header
from activedints.formats.voxels import read_label_raw
from activedints.loop import reading, regions, turns, worklist
from activedints.store import annotations, cases, cycles
from tests.worker.test_turns import turn


def test_regions_are_asked_for_answered_and_learned_from(imported, brains):
    """Boxes of the pool's cases: the oracle answers these alone, and the rest of each case stays ignored and open."""
    with imported.write() as session:
        experiment = cases.active_experiment(session)
        settings = json.loads(experiment.settings) | {"unit": "region", "side": 14}
        experiment.settings = json.dumps(settings)
    turn(imported, brains)
    asked = [item for item in worklist.worklist(imported, "ada") if item.state == "waiting"]
    assert asked
    opened = reading.open_case(imported, asked[0].case_id, "ada")
    assert opened.regions
    with imported.read() as session:
        experiment = cases.active_experiment(session)
        whole = set(turns.labelled(session, experiment))
        pool = set(turns.pool(session, experiment, None))
        queries = cycles.queries(session, cycles.current(session, experiment.id).id)
        boxes = {q.case_id: q.regions for q in queries}
        assert sum(map(len, boxes.values())) == 2
    turn(imported, brains)
    with imported.read() as session:
        experiment = cases.active_experiment(session)
        newest = annotations.newest_of_each(session, experiment.id)
        now = set(turns.pool(session, experiment, None))
    for case_id, asked_for in boxes.items():
        row = newest[case_id]
        known = read_label_raw(read_header(imported.files.path(row.file)))
        inside = np.zeros(known.shape, bool)
        for low, high in asked_for:
            inside[tuple(slice(a, b) for a, b in zip(low, high))] = True
        assert (known[inside] != 255).all()
        assert (known[~inside] == 255).all() or case_id in whole
        assert case_id in pool
        assert case_id in now, "its other boxes can still be asked for"


def test_more_boxes_than_numbers_are_refused_before_a_training(imported, brains, monkeypatch):
    """A box past the last number would be asked for as a box of the next case."""
    monkeypatch.setattr(region, "MOST_BOXES", 5)
    monkeypatch.setattr(regions, "MOST_BOXES", 5)
    with imported.write() as session:
        experiment = cases.active_experiment(session)
        experiment.settings = json.dumps(json.loads(experiment.settings) | {"unit": "region", "side": 8})
    with pytest.raises(
        ActiveDintsError, match="train failed: .* 18 Regions of 8 voxels a side and may have 5 at most; choose"
    ):
        turn(imported, brains)
    with imported.read() as session:
        assert not cycles.models(session, cases.active_experiment(session).id)
