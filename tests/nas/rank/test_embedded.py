"""The table that ships: the page works on a fresh machine from it alone."""

from pathlib import Path

import numpy as np

from activedints.nas.rank.catalogue import EMBEDDED, open_benchmark
from activedints.nas.rank.ranking import Ranker
from activedints.nas.rank.study import seed_ceiling


def test_the_embedded_benchmark_is_whole_and_can_be_ranked(tmp_path):
    benchmark = open_benchmark("digits", tmp_path)
    assert len(benchmark) >= 256
    assert benchmark.datasets == ["digits"]
    runs = np.stack([benchmark.values(f"test_16_seed{seed}") for seed in range(3)])
    assert np.allclose(runs.mean(0), benchmark.values("test_16"), atol=1e-3)
    assert not benchmark.table.isna().any(axis=None)
    ranker = Ranker(benchmark)
    ranking = ranker.rank(100, "gaussian process")
    assert ranking.figures()["spearman"] > 0.7
    assert 0.5 < seed_ceiling(ranker) < 1


def test_its_card_says_how_many_architectures_it_has(tmp_path):
    card = Path(EMBEDDED).with_suffix(".md").read_text(encoding="utf-8")
    count = len(open_benchmark("digits", tmp_path))
    assert f"{count} small image classifiers" in card
