"""`activedints metad2a`, `proxy` and `search-lab` by command, on a small made-up table."""

import json
import sys

import pytest

from activedints.cli import main
from activedints.nas.advisor import model
from activedints.nas.measured import table
from tests.nas.advisor.small import small_advisor
from tests.nas.advisor.test_advisor import write
from tests.nas.measured.made_up import measured


@pytest.fixture
def run(monkeypatch, capsys):
    """Run a verb in this process: (exit code, stdout, stderr)."""
    made, advisor = measured(), small_advisor()
    monkeypatch.setattr(table, "read", lambda: made)
    monkeypatch.setattr(model, "load", lambda: advisor)

    def call(*words):
        monkeypatch.setattr(sys, "argv", ["activedints", *map(str, words)])
        try:
            main()
            code = 0
        except SystemExit as stop:
            code = stop.code or 0
        out = capsys.readouterr()
        return code, out.out, out.err

    return call


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
