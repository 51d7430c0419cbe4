"""Which stream asks for what: Regions and the control, the fallback, and whose answers are compared."""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest

from activedints.core.errors import IllegalChange
from activedints.core.query import Candidates
from activedints.loop import commands, costs, decisions, experiments, outlook, querying, reading, streams, turns
from activedints.loop.querying import CONTROL, FALLBACK_BOXES, control_draws
from activedints.loop.regions import PER_CASE
from activedints.store import cases, cycles
from tests.ui.workspaces import SHAPE, filled, turn

SIDE = 4


def boxes(case):
    """Six boxes of a case, the first of the highest Score."""
    lows = product((0, 4, 8), (0, 4), (0,))
    return [
        {"low": list(low), "high": [a + SIDE for a in low], "scores": {"entropy/box": 1.0 / (1 + place + case / 9)}}
        for place, low in enumerate(lows)
    ]


@pytest.fixture
def regions(turned):
    """A scored workspace that asks for Regions: five cases of six boxes each in the pool."""
    store = turned
    with store.write() as session:
        experiment = experiments.active(session)
        asks = replace(turns.settings_of(experiment), unit="region", side=8, budget=8, strategy="entropy")
        experiment.settings = asks.to_json()
        for row in cycles.predictions(session, cycles.newest_model(session, experiment.id).id).values():
            row.boxes = boxes(row.case_id)
    return store


def ask_anew(store):
    """The present cycle's query, asked for the first time; its rows."""
    with store.write() as session:
        experiment = experiments.active(session)
        cycle = cycles.current(session, experiment.id)
        cycles.drop_queries(session, cycle.id, cases.ids(cases.members(session, experiment.id)))
        model = cycles.newest_model(session, experiment.id)
        turns.query_next(session, experiment, cycle, model.id, turns.settings_of(experiment, cycle))
        return cycles.queries(session, cycle.id)


def read(store, rows):
    """Answer queries of Regions, each in a minute."""
    for row in rows:
        asked = tuple((tuple(low), tuple(high)) for low, high in row.regions)
        drawn = np.zeros(SHAPE, np.uint8)
        reading.submit_annotation(store, reading.Submission(row.case_id, "ada", drawn, seconds=60.0, regions=asked))


def test_every_control_region_has_its_row_and_its_probability(regions):
    rows = ask_anew(regions)
    control = [row for row in rows if row.strategy == CONTROL]
    assert [len(row.regions) for row in control] == [1, 1], "a quarter of 8 Regions, one case each"
    assert [row.probability for row in control] == [pytest.approx(1 / 30), pytest.approx(1 / 24)]
    assert sum(len(row.regions) for row in rows) == 8
    assert all("control, drawn" in row.reason for row in control)


def test_control_draws_are_of_different_cases_and_leave_the_strategy_one():
    pool = tuple(case * PER_CASE + box for case in (1, 2, 3) for box in range(4))
    drawn = control_draws(Candidates(pool), 3, 8, "region", seed=0)
    assert len({one.candidate // PER_CASE for one in drawn}) == len(drawn) == 2
    assert [one.probability for one in drawn] == [pytest.approx(1 / 12), pytest.approx(1 / 8)]
    assert len(control_draws(Candidates(pool), 8, 8, "region", seed=0)) == 3, (
        "all is the control's: it takes every case"
    )
    whole = control_draws(Candidates((1, 2)), 1, 2, "volume", seed=0)
    assert [one.probability for one in whole] == [pytest.approx(0.5)]


def test_the_share_is_counted_in_regions(regions):
    read(regions, [row for row in ask_anew(regions) if row.strategy != CONTROL])
    with regions.read() as session:
        experiment = experiments.active(session)
        assert querying._asked_before(session, experiment) == 2 + 8, "two volumes of cycle 1, then Regions"


def test_a_fallback_for_regions_is_no_control_and_says_why(regions, monkeypatch):
    found = decisions.verdict
    monkeypatch.setattr(querying, "verdict", lambda *given: replace(found(*given), fallback=True))
    rows = ask_anew(regions)
    assert {row.strategy for row in rows} == {FALLBACK_BOXES}
    assert all("because the uncertainty map misses the errors" in row.reason for row in rows)
    read(regions, rows[:1])
    view = {row["stream"]: row for row in streams.view(regions).rows}
    assert view["control"]["annotated"] == 0


def test_minutes_of_a_case_are_those_of_all_its_sittings(regions):
    with regions.read() as session:
        first, second, third = turns.pool(session, experiments.active(session), None)[:3]
    whole = np.zeros(SHAPE, np.uint8)
    for case, seconds in ((first, 600.0), (first, 60.0), (second, 300.0)):
        reading.submit_annotation(regions, reading.Submission(case, "ada", whole, seconds=seconds))
    with regions.read() as session:
        experiment = experiments.active(session)
        assert costs.reader_minutes(session, experiment.id) == (11 + 5) / 2
        assert costs.minutes_per_voxel(session, experiment.id) is None, "no Region was read yet"
        (price,) = costs.costs(session, experiment, {third * PER_CASE: 64}, "minutes").values()
        assert price == pytest.approx(8 * 64 / np.prod(SHAPE)), "its share of a volume's"
    boxes_ = (((0, 0, 0), (4, 4, 4)), ((4, 0, 0), (8, 4, 4)))
    for box, seconds in zip((*boxes_, boxes_[1]), (120.0, 60.0, 60.0)):
        given = reading.Submission(third, "ada", whole, seconds=seconds, regions=(box,))
        reading.submit_annotation(regions, given)
    with regions.read() as session:
        experiment = experiments.active(session)
        (price,) = costs.costs(session, experiment, {third * PER_CASE: 64}, "minutes").values()
        assert price == pytest.approx(2.0), "two boxes took four minutes, one of them in two sittings"


def test_a_case_of_both_streams_counts_in_each_with_its_own_version(regions):
    first, second = ask_anew(regions)[:2]
    read(regions, [first])
    with regions.write() as session:  # in the cycle after, the control asks for another Region of the same case
        experiment = experiments.active(session)
        later = cycles.start(session, experiment.id, cycles.current(session, experiment.id).number + 1)
        new = {"low": [8, 4, 0], "high": [12, 8, 4]}
        fields = {"strategy": CONTROL, "score": None, "reason": "control", "probability": 0.5, "rank": 1}
        query = querying.Query(cycle_id=later.id, case_id=first.case_id, regions=[[new["low"], new["high"]]], **fields)
        cycles.add_query(session, query)
        assert [new["low"], new["high"]] not in first.regions
    read(regions, [query])
    with regions.read() as session:
        answers = streams.answers_of_streams(session, 1)
        (control,) = answers["control"]
        mine = [row.version for row in answers["strategy"] if row.case_id == first.case_id]
        assert (mine, control.case_id, control.version) == ([1], first.case_id, 2)
        alone = streams.cases_of_streams(session, 1)
    assert first.case_id not in alone["strategy"] | alone["control"], "it can be left out of neither"
    assert second.case_id not in alone["strategy"], "nobody has read it yet"


def budget_words(store):
    return next(advice.sentence for advice in outlook.view(store).advice if advice.rule == "budget")


def test_asking_anew_spends_what_the_answers_left_of_the_budget(tmp_path):
    store = filled(tmp_path, 12)
    reading.simulate_reader(store)
    turn(store)
    assert "(0 so far)" in budget_words(store), "the initial set is no cycle's budget"
    commands.query(store, {"budget": 3, "control": 0.0})
    with store.read() as session:
        first, second, _ = cycles.queries(session, cycles.current(session, 1).id)
        names = [first.case.name, second.case.name]
    for row in (first, second):
        reading.submit_annotation(store, reading.Submission(row.case_id, "ada", np.zeros(SHAPE, np.uint8)))
    anew = commands.query(store, {"strategy": "random"})["query"]
    assert [row["rank"] for row in anew] == [1, 2, 3]
    assert [row["case"] for row in anew[:2]] == names
    assert "(2 so far)" in budget_words(store)
    with pytest.raises(IllegalChange, match="cycle 1 cost 2 of its budget of 2 volumes, so nothing is left"):
        commands.query(store, {"budget": 2})
    store.engine.dispose()


def test_asking_anew_for_regions_leaves_the_answered_cases_their_rows(regions):
    first = ask_anew(regions)[0]
    read(regions, [first])
    anew = commands.query(regions, {"strategy": "random"})["query"]
    assert [row["rank"] for row in anew] == list(range(1, len(anew) + 1))
    with regions.read() as session:
        rows = cycles.queries(session, cycles.current(session, 1).id)
    assert rows[0].case_id == first.case_id
    assert sum(len(row.regions) for row in rows) == 8


def test_the_reason_tells_the_place_by_score_and_not_the_order_of_asking(turned):
    """ClaSP PE adds noise: a case that was asked first need not be the least sure one, and nobody is told so."""
    store = turned
    with store.write() as session:
        experiment = experiments.active(session)
        settings = replace(turns.settings_of(experiment), strategy="clasp-pe", budget=4, control=0.0, planned=20)
        experiment.settings = settings.to_json()
    rows = ask_anew(store)
    with store.read() as session:
        model = cycles.newest_model(session, experiment.id)
        shown = querying.candidates(session, experiment, cycles.current(session, experiment.id), model.id, settings,
                                    turns.pool(session, experiment, None))  # fmt: skip
    column = shown.column(f"entropy/{shown.reduction}")
    order = sorted(column, key=lambda case: -column[case])
    places = [order.index(row.case_id) + 1 for row in rows]
    assert [int("".join(c for c in row.reason.split(" ")[0] if c.isdigit())) for row in rows] == places
    assert places != sorted(places), "the noise of the first cycles shows"
    moved = [row for row, place in zip(rows, places) if row.rank != place]
    assert all("for clasp-pe gives chance a part" in row.reason for row in moved)
