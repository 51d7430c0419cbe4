import errno
import json
import shutil
import socket
import subprocess
import sys

import nibabel as nib
import numpy as np
import pytest

from activedints.store.database import Store
from tests.brains import LPS, brain


def test_status_of_an_empty_workspace_is_the_stable_contract(run):
    code, out, _ = run("status", "--json")
    assert code == 0
    assert json.loads(out) == {
        "experiment": None,
        "cycle": None,
        "phase": None,
        "counts": {"labelled": 0, "pool": 0, "calibration": 0, "holdout": 0},
        "metrics": {"dice": {}, "any_foreground_dice": None, "n": 0},
    }


def test_without_an_experiment_the_loop_says_so(run, tmp_path):
    Store.open(tmp_path / "workspace")
    for words, sentence in ((("train",), "no experiment yet"), (("experiment", "use", "nobody"), "'nobody'")):
        code, _, err = run(*words)
        assert (code, err.count("\n")) == (1, 1)
        assert sentence in err


def test_a_mistyped_workspace_is_named_and_none_is_made(run, tmp_path):
    for verb in ("query", "doctor"):
        code, out, err = run(verb, "--workspace", tmp_path / "typo")
        assert (code, out) == (1, "")
        assert f"There is no workspace in {tmp_path / 'typo'}: check --workspace" in err
    assert run("status", "--json", "--workspace", tmp_path / "typo")[0] == 0
    assert not (tmp_path / "typo").exists()


def test_status_of_a_file_is_refused(run, tmp_path):
    (tmp_path / "notes.txt").write_text("no workspace")
    code, out, err = run("status", "--workspace", tmp_path / "notes.txt")
    assert (code, out) == (1, "")
    assert f"The workspace {tmp_path / 'notes.txt'} is a file, and a workspace is a folder" in err


def test_whole_turns_by_command(run, brains):
    code, out, _ = run("import", brains, "--holdout", "2", "--json")
    assert (code, len(json.loads(out)["imported"])) == (0, 6)
    code, out, err = run("cycle", "--oracle", brains, "--steps", "2", "--budget", "1", "--cycles", "2", "--json")
    assert code == 0, err
    shown = json.loads(out)
    assert shown["counts"] == {"labelled": 2, "pool": 2, "calibration": 0, "holdout": 2}
    assert shown["metrics"]["n"] == 2
    assert set(shown["metrics"]["dice"]) == {"edema", "core"}
    code, out, _ = run("query", "--json")
    assert (code, len(json.loads(out)["query"])) == (0, 1)
    code, out, _ = run("experiment", "show", "--json")
    assert len(json.loads(out)["split"]["holdout"]) == 2


def test_annotate_from_a_file_and_train_score_evaluate_step_by_step(run, brains):
    assert run("import", brains, "--holdout", "brain_0", "--labels", "fixed")[0] == 0
    code, _, err = run("train", "--steps", "2")
    assert code == 1
    assert "No case is annotated yet" in err
    code, out, _ = run("annotate", "brain_1", "--label", brains / "labelsTr/brain_1.nii.gz", "--reader", "ada")
    assert (code, "version 1 saved" in out) == (0, True)
    for verb in (("train", "--steps", "2"), ("score",), ("evaluate",)):
        code, _, err = run(*verb, "--json")
        assert code == 0, err
    assert json.loads(run("status", "--json")[1])["metrics"]["n"] == 1


def test_an_oblique_annotation_file_must_lie_on_the_images_grid(run, brains, tmp_path):
    run("import", brains)
    shifted = LPS.copy()
    shifted[0, 3] += 30
    nib.save(nib.Nifti1Image(brain(1)[1], shifted), tmp_path / "shifted.nii.gz")
    code, _, err = run("annotate", "brain_1", "--label", tmp_path / "shifted.nii.gz")
    assert code == 1
    assert "Case brain_1: The affine of " in err
    assert "must be that of the images of its case; it has" in err


def test_a_label_that_is_a_folder_stays_where_it_is(run, brains):
    run("import", brains)
    code, _, err = run("annotate", "brain_1", "--label", brains)
    assert code == 1
    assert f"{brains} must be a regular file; it is a folder: name a file." in err


def _no_space(*_):
    raise OSError(errno.ENOSPC, "No space left on device")


def test_predict_writes_maps_on_the_images_grid_and_over_no_result(run, brains, tmp_path, monkeypatch):
    run("import", brains, "--labels", "brain_1,brain_2")
    assert run("cycle", "--steps", "2")[0] == 0
    image = brains / "imagesTr/brain_5.nii.gz"
    code, out, err = run("predict", image, "--out", tmp_path / "out", "--draws", "2", "--json")
    assert code == 0, err
    source = nib.load(image)
    for kind in ("label", "prob", "entropy"):
        made = nib.load(tmp_path / "out" / f"brain_5_{kind}.nii.gz")
        assert np.allclose(made.affine, source.affine)
        assert made.shape[:3] == source.shape[:3]
    assert nib.load(tmp_path / "out/brain_5_prob.nii.gz").shape[3] == 3
    facts = json.loads((tmp_path / "out/brain_5.json").read_text())
    assert facts == json.loads(out)
    assert facts["draws"] == 2
    again = ("predict", image, "--out", tmp_path / "out", "--draws", "1")
    code, _, err = run(*again)
    assert (code, "brain_5_label.nii.gz is there already" in err, "add --overwrite" in err) == (1, True, True)
    assert json.loads((tmp_path / "out/brain_5.json").read_text()) == facts
    with monkeypatch.context() as full:
        full.setattr("activedints.worker.predicting.case_scores", _no_space)
        assert run(*again, "--overwrite")[0] == 1
    assert len(list((tmp_path / "out").iterdir())) == 4
    assert json.loads((tmp_path / "out/brain_5.json").read_text()) == facts
    assert run(*again, "--overwrite")[0] == 0
    assert json.loads((tmp_path / "out/brain_5.json").read_text())["draws"] == 1


def test_doctor_names_every_unusable_file_before_an_import(run, brains, tmp_path):
    assert run("doctor", brains)[0] == 0
    (tmp_path / "bad.nii.gz").write_bytes(b"")
    code, out, _ = run("doctor", tmp_path, "--json")
    assert code == 1
    assert ["bad.nii.gz" in p["sentence"] for p in json.loads(out)["problems"]] == [True]
    code, out, _ = run("doctor", tmp_path / "a/b/c")
    assert (code, out) == (1, f"{tmp_path}/a/b/c does not exist: name the folder of the data set.\n")
    (tmp_path / "people/p1").mkdir(parents=True)
    shutil.copy(brains / "labelsTr/brain_0.nii.gz", tmp_path / "people/p1/flair.nii.gz")
    assert run("doctor", tmp_path / "people")[0] == 1
    assert run("doctor", tmp_path / "people", "--channel", "FLAIR=*flair*")[0] == 0
    code, out, _ = run("doctor", "--json")
    assert code == 0
    assert json.loads(out)["orphans"].startswith("0 file(s)")


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("import", "/no/such/place/folder"), "/no/such/place/folder does not exist: name the folder"),
        (("import", ".", "--channel", "FLAIR"), "--channel takes NAME=GLOB"),
        (("import", "."), ". must hold cases; no case was found"),
        (("import", "/no", "--workspace", "/proc/nothing"), "check the path and its permissions"),
        (("bench", "nothing"), "There is no benchmark 'nothing'"),
        (("metad2a", "advise", "--set", "digits", "--seed", "-1"), "A seed must be a whole number from 0"),
        (("metanas", "adapt", "--seed", "-1"), "A seed must be a whole number from 0"),
        (("metad2a", "train", "--out", "/proc/nothing/x"), "/proc/nothing cannot be read or written"),
        (("rank", "--out", "/proc/nothing"), "/proc/nothing cannot be read or written"),
        (("bench", "decode", "--speed", "9"), "does not understand ['--speed', '9']"),
        (("app", "--host", "0.0.0.0"), "sign-in"),
        (("cycle", "--cycles", "0"), "must lie in 1 to 1,000; it is 0"),
        (("cycle", "--cycles", "1000000"), "must lie in 1 to 1,000; it is 1,000,000"),
        (("study", "--oracle", ".", "--seeds", "0-999999999"), "number of seeds in 0-999999999 must lie in 1 to 1,000"),
        (("study", "--oracle", ".", "--draws", "1000000"), "number of draws must lie in 1 to 1,000"),
        (("simulate", "--out", "/no/such", "--cases", "1000000"), "must lie in 1 to 100,000"),
        (("rank", "--seeds", "1000000"), "must lie in 1 to 1,000"),
        (("search-lab", "--budget", "1000000"), "must lie in 1 to 10,000"),
    ],
)
def test_a_named_failure_is_one_sentence_and_exit_1(run, words, sentence):
    code, out, err = run(*words)
    assert code == 1
    assert sentence in err
    assert len(err.strip().splitlines()) == 1
    assert out == ""


def test_benchmarks_are_listed_as_json(run):
    assert "decode" in json.loads(run("bench", "--json")[1])["benchmarks"]


def test_a_failed_export_leaves_nothing(run, brains, monkeypatch, tmp_path):
    assert run("import", brains, "--labels", "all")[0] == 0
    with monkeypatch.context() as full:
        full.setattr("activedints.formats.export.write_json", _no_space)
        assert run("export", "--out", tmp_path / "out")[0] == 1
    assert not (tmp_path / "out").exists()
    code, out, err = run("export", "--out", tmp_path / "out", "--json")
    assert code == 0, err
    assert json.loads(out)["files"] == 7
    assert len([path for path in (tmp_path / "out").rglob("*") if path.is_file()]) == 7


def test_a_taken_port_is_refused_before_anything_is_written(run, tmp_path):
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        held.listen()
        code, _, err = run("demo", "--no-browser", "--port", held.getsockname()[1])
    assert code == 1
    assert "choose another with --port" in err
    assert not (tmp_path / "workspace").exists()


def test_reset_deletes_no_folder_that_is_not_a_workspace(run, tmp_path):
    precious = tmp_path / "workspace" / "thesis.txt"
    precious.parent.mkdir()
    precious.write_text("years of work")
    code, _, err = run("demo", "--reset", "--no-browser", "--port", "18599")
    assert code == 1
    assert "is not a workspace of ours" in err
    assert precious.exists()


def test_usage_errors_exit_2(run):
    assert run("cycle", "--cycles", "many")[0] == 2
    assert run("no-such-verb")[0] == 2


def test_strategies_are_listed_when_one_is_unknown(run, brains):
    run("import", brains, "--labels", "brain_1")
    code, _, err = run("cycle", "--steps", "1", "--strategy", "bold")
    assert code == 1
    assert "no strategy 'bold'; choose one of" in err


def test_status_answers_without_loading_torch(tmp_path):
    program = (
        "import sys; sys.argv = ['activedints', 'status', '--workspace', sys.argv[1]]\n"
        "from activedints.cli import main\n"
        "main()\n"
        "assert not {'torch', 'monai', 'SimpleITK'} & set(sys.modules), 'a heavy import is on the path of status'"
    )
    done = subprocess.run([sys.executable, "-c", program, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
