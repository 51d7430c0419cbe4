"""What calibration cases decide: source of draws, fallback, reduction, temperature."""

from dataclasses import replace

import numpy as np
import pytest

from activedints.core.calibration import fit_temperature, tempered
from activedints.core.cycle import Role
from activedints.core.errors import InvalidSettings
from activedints.core.experiment import ExperimentSettings
from activedints.core.settings import LabelSet
from activedints.loop import calibrating, decisions
from activedints.loop.decisions import ONE_PASS, auroc_key, verdict
from activedints.loop.querying import control_places

SETTINGS = ExperimentSettings(("FLAIR",), LabelSet((0, 1), ("background", "lesion")), draws=10, strategy="entropy")
DRAWS = auroc_key("shared-trunk")


class Row:
    def __init__(self, case_id, scores=None):
        self.id = self.case_id = case_id
        self.scores = scores or {}


@pytest.fixture
def decide(monkeypatch):
    def call(pairs, **changes):
        rows = {i: Row(i, {DRAWS: a, auroc_key(ONE_PASS): b}) for i, (a, b) in enumerate(pairs)}
        members = {Role.CALIBRATION: list(rows.values())}
        monkeypatch.setattr(decisions.cases, "members", lambda session, experiment, role: members[role])
        monkeypatch.setattr(decisions.cycles, "predictions", lambda session, model: rows)
        monkeypatch.setattr(decisions.cycles, "evaluations", lambda session, model, role: [])
        return verdict(None, 1, 1, replace(SETTINGS, **changes))

    return call


def test_draws_are_used_only_where_they_find_errors_better(decide):
    better = decide([(0.95, 0.93), (0.94, 0.91), (0.96, 0.94), (0.95, 0.92)])
    assert (better.source, better.draws) == ("shared-trunk", 10)
    assert "one-pass 0.925, shared-trunk 0.950; n 4" in better.sentence
    worse = decide([(0.95, 0.93), (0.90, 0.94), (0.96, 0.94), (0.91, 0.95)])
    assert (worse.source, worse.draws) == (ONE_PASS, 1)
    assert not worse.fallback


def test_too_few_calibration_cases_decide_nothing(decide):
    found = decide([(0.99, 0.5)] * 3)
    assert (found.draws, found.fallback) == (1, False)
    assert "nothing is fitted" in found.trust
    assert "fewer than 4 annotated" in decide([]).sentence


def test_strategies_that_need_draws_get_them_and_one_pass_stays_one_pass(decide):
    assert decide([], strategy="variance").draws == 10
    assert decide([], strategy="draw-dice").draws == 10
    assert decide([(0.99, 0.5)] * 9, draws=1).draws == 1
    with pytest.raises(InvalidSettings, match="needs draws and the experiment makes one deterministic pass"):
        replace(SETTINGS, draws=1, strategy="bald")
    with pytest.raises(InvalidSettings, match="no strategy 'bold'; choose one of"):
        replace(SETTINGS, strategy="bold")


def test_a_map_that_misses_the_errors_hands_over_to_diversity(decide):
    blind = decide([(0.55, 0.56)] * 4)
    assert blind.fallback
    assert blind.trust.startswith("Do not trust the uncertainty map yet")
    assert "points at errors weakly" in decide([(0.7, 0.7)] * 4).trust


def test_the_control_stream_is_the_stated_share():
    for share in (0.0, 0.25, 0.5, 1.0):
        asked = control = 0
        for budget in (1, 2, 3, 2, 5, 1, 2):
            control += control_places(asked, budget, share)
            asked += budget
        assert control == int(asked * share)


def test_temperature_needs_four_cases_and_finds_what_was_done(monkeypatch):
    rng = np.random.default_rng(0)
    honest = rng.dirichlet([0.5, 0.5, 0.5], 4000).T
    truth = np.array([rng.choice(3, p=p) for p in honest.T], np.uint8)
    bold = tempered(honest, 0.5)
    assert fit_temperature(bold, truth) == pytest.approx(2.0, rel=0.1)
    few = calibrating.Voxels(bold, truth, np.ones(truth.size), 3)
    monkeypatch.setattr(calibrating, "voxels_of", lambda *_: few)
    assert calibrating.fitted_temperature(None, None, 1, 1) == (
        1.0,
        "No temperature is fitted: 3 annotated calibration case(s), 4 are needed.",
    )
    monkeypatch.setattr(calibrating, "voxels_of", lambda *_: replace(few, cases=4))
    temperature, words = calibrating.fitted_temperature(None, None, 1, 1)
    assert temperature == pytest.approx(2.0, rel=0.1)
    assert "fitted on 4 calibration cases" in words
    rows = calibrating.calibration_rows(few, temperature, ("edema", "core"))
    assert rows[-1]["after"] < rows[-1]["before"]
    shown = calibrating.reliability_rows(few, temperature, ("edema", "core"))
    assert all(abs(row["probability"] - row["share"]) < 0.1 for row in shown)
    risks = [row["risk"] for row in calibrating.risk_rows(few)]
    assert risks == sorted(risks)
