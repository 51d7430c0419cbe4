"""Where the uncertainty map misses the errors, diversity asks instead, and compares with what is labelled."""

from dataclasses import replace

from activedints.core.diversity import k_centre
from activedints.core.job import silent
from activedints.core.strategies import STRATEGIES
from activedints.loop import decisions, querying, turns
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import cases
from activedints.worker import scoring
from activedints.worker.here import run_turn


def test_the_fallback_knows_what_is_labelled(store, brains, monkeypatch):
    def blind(*given):
        return replace(decisions.verdict(*given), fallback=True)

    handed = []

    def spy(shown, budget, rng):
        handed.append(shown)
        return k_centre(shown, budget, rng)

    monkeypatch.setattr(scoring, "verdict", blind)
    monkeypatch.setattr(querying, "verdict", blind)
    monkeypatch.setitem(STRATEGIES, "k-centre", spy)
    import_cases(store, ImportRequest(brains, holdout="brain_0", calibration="brain_5"))
    run_turn(store, brains, {"steps": 2, "draws": 3}, "cpu", silent)
    with store.read() as session:
        experiment = cases.active_experiment(session)
        assert list(handed[0].labelled) == turns.labelled(session, experiment)
    assert len(handed[0].labelled) == 2
