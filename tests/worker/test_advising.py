"""Questions of the advisor's two pages, answered by the warm child's functions on a small made-up table."""

import json
from pathlib import Path

import numpy as np
import pytest

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.leaning import leaning_alphas
from activedints.loop import advising as study
from activedints.loop import searching
from activedints.loop.searches import SearchOrder
from activedints.nas.advisor import model
from activedints.nas.measured import table
from activedints.nas.rank.naswot import Skeleton
from activedints.store import jobs
from activedints.store.database import Store
from activedints.worker import advising
from activedints.worker.pool_slices import pool_set
from activedints.worker.proxies import scored
from tests.nas.advisor.small import small_advisor
from tests.nas.advisor.test_advisor import write
from tests.nas.measured.made_up import measured
from tests.ui import workspaces


@pytest.fixture
def ask(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    """Ask as the lane is asked: (answer, news)."""
    made, advisor = measured(), small_advisor()
    monkeypatch.setattr(table, "read", lambda: made)
    monkeypatch.setattr(model, "load", lambda: advisor)
    advising._embeddings.cache_clear()
    store, news = Store.open(tmp_path / "workspace"), []

    def question(asked: str, **more):
        news.clear()
        found = advising.answer_page(store, None, {"ask": asked, **more}, news.append)
        json.dumps(found, allow_nan=False)
        return found, list(news)

    yield question
    advising._embeddings.cache_clear()


def test_what_there_is_to_choose_from(ask) -> None:
    found, _ = ask("sets")
    assert [row["name"] for row in found["sets"]] == list(measured().names)
    assert found["cells"] == 16
    assert {row["width and depth"] == row["in the paper"] for row in found["shapes"]} == {True}
    with pytest.raises(NotFound, match="does not know the question"):
        ask("nothing")


def test_advice_for_a_folder_and_what_it_leans_to(ask, tmp_path: Path) -> None:
    folder = write(tmp_path / "mine", {"a": 9, "b": 9})
    found, news = ask("advise", source="folder", what=str(folder), number=20)
    assert found["name"] == "mine"
    assert found["known"] is None
    assert [one["doing"] for one in news] == ["Reading the images", "Generating and ranking cells"]
    assert np.array(found["pictures"]).shape == (2, 4, 16, 16)
    told = study.leaning_of(found)
    assert -1 <= told["skip"] <= 1
    assert 0.2 <= told["sigma"] <= 0.8
    with pytest.raises(InvalidSettings, match="10 to 2000 cells"):
        ask("advise", source="known", what="digits", number=3)


def test_searches_are_answered(ask) -> None:
    found, _ = ask("regrets", set="digits", algorithms=["random search"], budget=5, seeds=2)
    assert [row["evaluation"] for row in found["curves"]] == [1, 2, 3, 4, 5]
    found, _ = ask("multinomials", set="digits", seed=0, rounds=5)
    assert len(found["p"]) <= 5
    assert ask("shape", text="0 1, 0 2")[0] == {"shape": "1.5c/3"}


def test_the_scores_of_untrained_networks(ask) -> None:
    found = scored("digits", 5, 8, Skeleton(4, 1, 2), 0)
    scores = [row["naswot"] for row in found["rows"]]
    assert scores == sorted(scores, reverse=True)
    assert -1 <= found["kendall"] <= 1


def test_own_scans_become_a_data_set(tmp_path: Path) -> None:
    store = workspaces.STATES["ready"](tmp_path)
    made = pool_set(store, "sequences", 0)
    assert made.classes >= 2
    assert made.train.images.shape[1:] == (16, 16)
    with pytest.raises(InvalidSettings, match="sequences or lesion, not 'colour'"):
        pool_set(store, "colour", 0)


def test_a_leaning_reaches_the_search(tmp_path: Path) -> None:
    store = workspaces.STATES["ready"](tmp_path)
    assert study.leaning(store) is None
    study.hand_over(store, {"skip": 0.3, "full": -0.2, "sigma": 0.4, "from": "your scans"})
    told = study.leaning(store)
    searching.start(store, SearchOrder(seconds=60.0, lean=told))
    with store.read() as session:
        job = jobs.newest(session, 1)[0]
        assert job.arguments["lean"] == told
    alphas = leaning_alphas(2, 2, told)
    assert alphas.operations[0, 0].tolist() == pytest.approx([0.3, -0.1, 0.1, 0.1, 0.1])
    with pytest.raises(InvalidSettings, match="A leaning lies within"):
        leaning_alphas(2, 2, {"skip": 5})
