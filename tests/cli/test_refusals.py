"""What a command refuses, in one sentence, and that nothing is left behind."""

import errno
import fcntl
import json
import shutil

import pytest

from activedints.core.errors import InvalidSettings
from activedints.store.database import Store
from activedints.store.files import Files
from activedints.store.schema import Setting


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["--seconds", "0"], "positive number of seconds; it has 0"),
        (["--seconds", "nan"], "it has nan"),
        (["--seconds", "inf"], "it has inf"),
        (["--steps", "0"], "one step or more; it has 0"),
        (["--steps", "3", "--seconds", "4"], "exactly one of the two"),
        (["--search-seconds", "nan"], "A search needs a positive number"),
        (["--seed", "-1"], "A seed must be"),
        (["--seconds", "1e9"], "at most 2,678,400 (31 days)"),
        (["--steps", "1000000000"], "give 1 to 10,000,000"),
        (["--draws", "1000000"], "must lie in 1 to 1,000; it is 1,000,000"),
        (["--budget", "1000000"], "number of volumes, at most 100,000"),
        (["--budget", "9" * 30], "A budget must be"),
        (["--architecture", "bogus"], "There is no architecture 'bogus'; choose one of cvpr2021"),
        (["--initial", "99"], "larger than the 4 that can be queried"),
        (["--initial", "brain_1,brain_1"], "named twice"),
        (["--initial", "brain_0"], "['brain_0'] are for reporting"),
    ],
)
def test_an_experiment_that_cannot_be_is_refused(run, brains, words, said):
    assert run("import", brains, "--holdout", "brain_0,brain_5")[0] == 0
    code, out, err = run("experiment", "new", "other", *words)
    assert (code, out) == (1, "")
    assert said in err
    assert len(err.strip().splitlines()) == 1
    assert json.loads(run("experiment", "show")[1])["experiment"] == "default"


@pytest.mark.parametrize("name", ["", "a\nb", " edge", "x" * 61])
def test_an_experiment_has_a_readable_name(run, brains, name):
    assert run("import", brains)[0] == 0
    code, _, err = run("experiment", "new", name)
    assert (code, "1 to 60 printable characters" in err) == (1, True)


def test_a_full_disk_is_one_sentence_and_leaves_nothing(run, brains, monkeypatch, tmp_path):
    def full(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(Files, "receive", full)
    code, _, err = run("import", brains)
    assert (code, err.strip().splitlines()[-1].count("No space left on device): free some space")) == (1, 1)
    assert not [p for p in (tmp_path / "workspace" / "files").rglob("*") if p.is_file()]
    assert json.loads(run("status", "--json")[1])["experiment"] is None


@pytest.mark.parametrize("words", [("/no/such/folder",), (".", "--channel", "FLAIR=*.none"), ("--labels", "nobody")])
def test_a_refused_import_leaves_no_workspace_behind(run, brains, tmp_path, words):
    words = (brains, *words) if words[0] == "--labels" else words
    new = tmp_path / "some" / "new"
    assert run("import", *words, "--workspace", new)[0] == 1
    assert not (tmp_path / "some").exists()
    new.mkdir(parents=True)
    (new / "thesis.txt").write_text("years of work")
    assert run("import", *words, "--workspace", new)[0] == 1
    assert [path.name for path in new.iterdir()] == ["thesis.txt"]


def test_a_refused_import_leaves_the_workspace_of_others_alone(tmp_path):
    def refused(meanwhile):
        with pytest.raises(InvalidSettings), Store.begin(tmp_path / "new") as store:
            meanwhile(store)
            raise InvalidSettings("No.")
        return (tmp_path / "new").exists()

    assert refused(lambda store: (store.folder / "worker.lock").touch())
    assert refused(lambda store: None)  # it was there before
    shutil.rmtree(tmp_path / "new")
    assert refused(_says_something)
    shutil.rmtree(tmp_path / "new")
    assert not refused(lambda store: None)


def _says_something(store):
    with store.write() as session:
        session.add(Setting(key="active", value="1"))


def test_one_patient_twice_in_one_import_is_warned(run, brains, tmp_path):
    brains = shutil.copytree(brains, tmp_path / "set")
    for part in ("imagesTr", "labelsTr"):
        (brains / part / "brain_1.nii.gz").rename(brains / part / "brain_0_1mm.nii.gz")
    facts = json.loads((brains / "dataset.json").read_text())
    facts = json.loads(json.dumps(facts).replace("brain_1.nii", "brain_0_1mm.nii"))
    (brains / "dataset.json").write_text(json.dumps(facts))
    _, _, err = run("import", brains)
    assert "brain_0_1mm looks like the same patient as brain_0:" in " ".join(err.split())


def test_a_channel_named_twice_is_refused(run, brains):
    code, _, err = run("import", brains, "--channel", "FLAIR=*a*", "--channel", "FLAIR=*b*")
    assert (code, "--channel names FLAIR twice" in err) == (1, True)


def test_a_device_that_is_not_there_changes_nothing_and_a_stopped_training_goes_on(run, brains, monkeypatch):
    assert run("import", brains, "--holdout", "brain_0", "--labels", "all")[0] == 0
    for device in ("bogus", "cuda:99", "meta"):
        code, _, err = run("train", "--steps", "1", "--device", device)
        assert (code, len(err.strip().splitlines())) == (1, 1)
    phase = json.loads(run("status", "--json")[1])["phase"]
    with monkeypatch.context() as patched:
        patched.setattr("activedints.worker.here.run_job", _cancelled)
        assert run("train", "--steps", "1")[0] == 1
    assert (phase, json.loads(run("status", "--json")[1])["phase"]) != ("train", "annotate")
    code, _, err = run("train")
    assert code == 0, err
    assert run("search", "--seconds", "nan")[0] == run("search", "--seconds", "1", "--steps", "1")[0] == 1


def _cancelled(store, job, report):
    from activedints.core.job import JobStatus
    from activedints.store import jobs

    with store.write() as session:
        jobs.settle(session, jobs.get(session, job.id), JobStatus.CANCELLED, error="stopped")
    return JobStatus.CANCELLED


def test_a_path_or_seed_that_cannot_be_is_one_sentence(run, tmp_path):
    (tmp_path / "file").write_text("x")
    for words in (["--out", tmp_path / "file"], ["--out", tmp_path / "set", "--seed", "-1"]):
        code, _, err = run("simulate", *words, "--cases", "1")
        assert (code, len(err.strip().splitlines())) == (1, 1)
    assert not (tmp_path / "set").exists()


def test_reset_leaves_a_workspace_alone_while_a_worker_serves_it(run, brains, tmp_path):
    assert run("import", brains)[0] == 0
    with (tmp_path / "workspace" / "worker.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        code, _, err = run("demo", "--reset", "--no-browser", "--port", "18598")
    assert (code, "stop it first" in err) == (1, True)
    assert len(json.loads(run("experiment", "show")[1])["split"]["learning"]) == 6
