"""What a search is asked for: what is refused before a job is made, and which space and bounds an order gets."""

import base64
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from activedints.core.architecture import Architecture
from activedints.core.errors import EmptyPool, InvalidSettings, NotFound
from activedints.core.job import JobKind
from activedints.learn import plan
from activedints.loop import commands, experiments, searching
from activedints.loop.importing import ImportRequest, import_cases
from activedints.loop.searches import SearchOrder, order_of
from activedints.store import jobs
from activedints.worker import searching as worker_searching
from activedints.worker.assisting import Warm
from activedints.worker.interactive import answer
from activedints.worker.starting import training_patch


@pytest.fixture
def imported(store, brains):
    import_cases(store, ImportRequest(brains, holdout="brain_0"))
    return store


def all_jobs(store):
    with store.read() as session:
        return jobs.newest(session)


def test_too_few_cases_wrong_budgets_and_spaces_are_refused_before_a_job_is_made(imported):
    number = len(all_jobs(imported))
    with pytest.raises(EmptyPool, match="at least 2 labelled cases.*there are 0: annotate more"):
        searching.start(imported, SearchOrder())
    for sigma in (0.0, -0.2, 1.1):
        with pytest.raises(InvalidSettings, match=f"sigma must lie in .0, 1.; it is {sigma}"):
            searching.start(imported, SearchOrder(sigma=sigma))
        with pytest.raises(InvalidSettings, match="sigma"):
            replace(experiments.active_settings(imported), sigma=sigma)
    with pytest.raises(InvalidSettings, match="no search space 'huge'; name one of .'auto', 'tiny'"):
        searching.start(imported, SearchOrder(space="huge"))
    with pytest.raises(InvalidSettings, match="positive number of seconds"):
        searching.start(imported, SearchOrder(seconds=-1.0))
    assert len(all_jobs(imported)) == number


def test_a_search_is_bounded_as_asked_else_as_the_experiment_says(imported):
    settings = experiments.active_settings(imported)
    assert order_of({"steps": 5}, settings) == SearchOrder(steps=5)
    assert order_of({}, settings).seconds == settings.seconds
    assert order_of({}, replace(settings, seconds=None, steps=9)).steps == 9
    asked = order_of({"sigma": 0.3}, replace(settings, search_seconds=77.0, seconds=None, steps=9, space="medium"))
    assert (asked.seconds, asked.steps, asked.space, asked.sigma) == (77.0, None, "medium", 0.3)


def test_an_unfinished_search_is_not_resumed_with_other_settings(imported):
    with imported.write() as session:
        commands.prepare_step(session, JobKind.SEARCH, {}, {"sigma": 0.2})
    with imported.write() as session:
        commands.prepare_step(session, JobKind.SEARCH, {}, {"sigma": 0.2})
        commands.prepare_step(session, JobKind.SEARCH, {})
    with (
        pytest.raises(
            InvalidSettings, match=r"other settings \(sigma 0.2, not sigma 0.8\): go on with those, or cancel"
        ),
        imported.write() as session,
    ):
        commands.prepare_step(session, JobKind.SEARCH, {}, {"sigma": 0.8})


def test_the_space_follows_the_order_the_last_search_or_the_machine(monkeypatch):
    choose = worker_searching.chosen_space
    named, words = choose(SearchOrder(space="medium", seconds=1.0), None, 4, 3, (70, 70, 70), "cpu")
    assert (named.name, "as asked for" in words) == ("medium", True)
    assert choose(SearchOrder(steps=3), None, 4, 3, (70, 70, 70), "cpu")[0].name == "small"
    monkeypatch.setattr(plan, "machine_speed", lambda device: 60.0)
    monkeypatch.setattr(plan, "free_megabytes", lambda device: 4000.0)
    spaces = [
        choose(SearchOrder(seconds=s), None, 4, 3, (70, 85, 70), "cpu")[0].name for s in (150.0, 1200.0, 3 * 3600.0)
    ]
    assert spaces == sorted(spaces, key=[s.name for s in plan.SPACES].index)
    assert spaces[0] == "tiny"
    assert spaces[-1] not in ("tiny", "paper")
    with pytest.raises(InvalidSettings, match="The smallest search needs .* give it more"):
        choose(SearchOrder(seconds=0.5), None, 4, 3, (70, 85, 70), "cpu")


def test_an_uploaded_architecture_is_read_or_refused_in_one_sentence(imported):
    flat = Architecture("flat", ((1, 0, 0, 0),) * 2, ((1, 0, 0, 0),) * 2, 0.125)
    assert searching.read_architecture(imported, "flat.json", flat.to_json().encode()) == flat
    with pytest.raises(InvalidSettings, match="no architecture in JSON"):
        searching.read_architecture(imported, "flat.json", b"{}")
    with pytest.raises(InvalidSettings, match="is no text"):
        searching.read_architecture(imported, "flat.json", b"\xff\xfe\x00")
    with pytest.raises(InvalidSettings, match="not feasible"):
        text = flat.to_json().replace("[1, 0, 0, 0]", "[0, 0, 0, 1]", 1)
        searching.read_architecture(imported, "flat.json", text.encode())
    with pytest.raises(InvalidSettings, match="architecture alone, not weights"):
        searching.read_architecture(imported, "big.pth", b"0" * 600_000)
    with pytest.raises(NotFound, match="No worker answers"):
        searching.read_architecture(imported, "arch_code.pth", b"PK")


def test_a_patch_follows_the_resolutions_of_the_network():
    deep = Architecture("deep", ((1,) + (0,) * 12,), ((1,) + (0,) * 12,), 0.125)
    assert deep.depths == 5
    assert training_patch(deep, "auto") == (64, 64, 64)
    assert training_patch("segresnet", "paper") == (96, 96, 96)


def asked(store, **question):
    """The interactive lane's answer to one line, without a process of its own."""
    line = json.dumps({**question, "secret": "s"}).encode()
    return answer(store, Warm(store, "cpu"), "s", line)


def test_the_lane_reads_a_published_code_and_refuses_what_would_run(store, tmp_path):
    path = tmp_path / "arch_code_cvpr.pth"
    torch.save({"arch_code_a": np.array([[1, 0, 0, 0]] * 2), "arch_code_c": np.array([[1, 0, 0, 0]] * 2)}, path)
    content = base64.b64encode(path.read_bytes()).decode()
    found = asked(store, do="read published", name="arch_code_cvpr.pth", content=content)
    read = Architecture.from_json(found["architecture"])
    assert (read.name, read.arch_code_a) == ("arch_code_cvpr", ((1, 0, 0, 0),) * 2)
    touched = tmp_path / "ran"

    class Evil:
        def __reduce__(self):
            return Path.touch, (touched,)

    torch.save({"arch_code_a": Evil(), "arch_code_c": np.zeros((1, 4))}, path)
    content = base64.b64encode(path.read_bytes()).decode()
    refused = asked(store, do="read published", name="../../evil.pth", content=content)
    assert refused["error"].startswith("evil.pth is no architecture code or holds more than numbers")
    assert not touched.exists()
    assert not list(store.folder.glob("*.pth"))


def test_the_lane_estimates_every_space(store, monkeypatch):
    monkeypatch.setattr(plan, "timed_speed", lambda device: 60.0)
    monkeypatch.setattr(plan, "free_megabytes", lambda device: 2000.0)
    rows = asked(store, do="estimate", channels=2, classes=3, seconds=600.0)["rows"]
    assert [row["space"] for row in rows] == ["tiny", "small", "medium", "large", "paper"]
    steps = [row["steps"] for row in rows]
    assert steps == sorted(steps, reverse=True)
    assert rows[0]["verdict"] == "fits"
    assert rows[-1]["verdict"] != "fits"
