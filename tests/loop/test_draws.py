import pytest

from activedints.core.cycle import Role
from activedints.core.experiment import ExperimentSettings
from activedints.core.settings import LabelSet
from activedints.loop import draws
from activedints.loop.draws import DRAWS, ONE_PASS, verdict

SETTINGS = ExperimentSettings(("FLAIR",), LabelSet((0, 1), ("background", "lesion")), draws=10)


class Row:
    def __init__(self, case_id, scores=None):
        self.id = self.case_id = case_id
        self.scores = scores or {}


@pytest.fixture
def decide(monkeypatch):
    def call(pairs, **changes):
        from dataclasses import replace

        rows = {i: Row(i, {DRAWS: a, ONE_PASS: b}) for i, (a, b) in enumerate(pairs)}
        members = {Role.CALIBRATION: list(rows.values())}
        monkeypatch.setattr(draws.cases, "members", lambda session, experiment, role: members[role])
        monkeypatch.setattr(draws.cycles, "predictions", lambda session, model: rows)
        return verdict(None, 1, 1, replace(SETTINGS, **changes))

    return call


def test_draws_are_used_only_where_they_find_errors_better(decide):
    better = decide([(0.95, 0.93), (0.94, 0.91), (0.96, 0.94), (0.95, 0.92)])
    assert better.draws == 10
    assert "draws 0.950, one pass 0.925, n 4" in better.sentence
    assert decide([(0.95, 0.93), (0.90, 0.94), (0.96, 0.94), (0.91, 0.95)]).draws == 1


def test_too_few_calibration_cases_decide_nothing(decide):
    assert decide([(0.99, 0.5)] * 3).draws == 1
    assert "fewer than 4 annotated" in decide([]).sentence


def test_strategies_that_need_draws_get_them_and_one_pass_stays_one_pass(decide):
    assert decide([], strategy="variance").draws == 10
    assert decide([(0.99, 0.5)] * 9, draws=1).draws == 1
