"""`activedints metad2a`, `proxy` and `search-lab` by command, on a small made-up table."""

import json

import pytest

from activedints.nas.advisor import model
from activedints.nas.measured import table
from tests.nas.advisor.small import small_advisor
from tests.nas.advisor.test_advisor import write
from tests.nas.measured.made_up import measured


@pytest.fixture
def run(run, monkeypatch):
    """The same on a small made-up table and a small advisor."""
    made, advisor = measured(), small_advisor()
    own = table.read
    monkeypatch.setattr(table, "read", lambda path=table.SHIPPED: made if path == table.SHIPPED else own(path))
    monkeypatch.setattr(model, "load", lambda: advisor)
    return run


def test_advice_by_command(run, tmp_path):
    code, out, err = run("metad2a", "sets", "--json")
    assert code == 0, err
    assert [row["name"] for row in json.loads(out)["sets"]] == list(measured().names)
    folder = write(tmp_path / "mine", {"a": 9, "b": 9})
    code, out, err = run("metad2a", "advise", "--images", folder, "--number", 20, "--json")
    assert code == 0, err
    assert len(json.loads(out)["cells"]) == 12
    code, out, err = run("metad2a", "advise", "--set", "digits", "--number", 20)
    assert code == 0, err
    assert "digits: 20 cells in" in out
    assert run("metad2a", "advise")[0] == 2
    code, _, err = run("metad2a", "advise", "--images", tmp_path / "nowhere")
    assert (code, "There is no folder" in err) == (1, True)


def test_the_lab_and_untrained_scores_by_command(run):
    code, out, err = run("search-lab", "--algorithms", "random search,MDENAS", "--budget", 5, "--seeds", 2)
    assert code == 0, err
    assert "MDENAS" in out
    code, out, err = run("proxy", "--number", 4, "--images", 8, "--channels", 4, "--json")
    assert code == 0, err
    assert len(json.loads(out)["rows"]) == 4
    assert run("search-lab", "--set", "cats")[0] == 1


CELL = "|nor_conv_3x3~0|+|none~0|none~1|+|none~0|none~1|none~2|"
HEADER = "cell,set,seed,validation_1,validation_3,validation,test"


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        (["|conv~0|,digits,0,1,2,3,4"], "conv"),
        (["|nor_conv_3x3~0|+|none~0|none~1|,digits,0,1,2,3,4"], "of another space: its cells have 3 vertices"),
        ([f"{CELL},cats,0,1,2,3,4"], "unknown data set 'cats'"),
        ([f"{CELL},digits,0,1,2,3,400"], "leaves the scale 0 to 100 %"),
        ([f"{CELL},digits,first,1,2,3,4"], "seed"),
        ([], "lacks rows"),
    ],
)
def test_a_table_of_another_space_is_refused_in_a_sentence(run, tmp_path, rows, said):
    path = tmp_path / "other.csv"
    path.write_text("\n".join([HEADER, *rows]) + "\n")
    for verb in (("metad2a", "train", "--out", tmp_path / "own"), ("search-lab",)):
        code, out, err = run(*verb, "--table", path)
        assert (code, out) == (1, "")
        assert said in err
        assert "Traceback" not in err


def test_other_bad_input_is_refused_in_a_sentence(run, tmp_path):
    write(tmp_path / "one", {"a": 9})
    write(tmp_path / "few", {"a": 9, "b": 3})
    (tmp_path / "earlier.json").write_text("{}")
    for words, said in (
        (("metad2a", "advise", "--images", tmp_path / "one"), "holds 1 class folder"),
        (("metad2a", "advise", "--images", tmp_path / "few"), "has 3 image"),
        (("metad2a", "advise", "--set", "digits", "--number", 9445), "ask for so many or fewer"),
        (("metad2a", "train", "--out", tmp_path / "own", "--without", "cats"), "no family 'cats'"),
        (("metad2a", "train", "--out", tmp_path / "earlier"), "earlier.json is there already and is not overwritten"),
        (("proxy", "--images", 100_000), "100,000"),
    ):
        code, out, err = run(*words)
        assert (code, out) == (1, ""), err
        assert said in err
        assert "Traceback" not in err
