"""One fold of the loop on real brains, shortened: the whole road from import to a measured holdout, both networks."""

import math
from pathlib import Path

import pytest

from benchmarks import arms, loop_real

FOLD, SECONDS = 2, 45.0


def test_one_fold_on_real_brains(shared_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(arms, "RUNS", tmp_path)
    monkeypatch.setenv("ACTIVEDINTS_SHARED_DATA", str(shared_data))
    answer = loop_real.run(folds=str(FOLD), seconds=SECONDS)
    assert sorted(answer["cases"]) == sorted(loop_real.FOLDS[FOLD])
    for arms_of_case in answer["cases"].values():
        assert all(0 <= arm["any_foreground"] <= 1 for arm in arms_of_case.values())
    figures = {one["what"]: one for one in answer["figures"]}
    assert figures["any_foreground_dice"]["n"] == 2
    assert figures["any_foreground_dice"]["ours"] >= 0.5  # the starter alone reaches it on these two
    assert math.isclose(
        figures["segresnet_gap"]["ours"],
        figures["any_foreground_dice"]["ours"] - figures["any_foreground_dice"]["reference"],
        abs_tol=1e-9,
    )
