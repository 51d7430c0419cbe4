import os
import random
import signal
import subprocess
import sys
import time

import pytest
from safetensors.torch import load_file
from sqlalchemy import text

from activedints.core.job import JobStatus
from activedints.loop import commands
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Store

STEPS = 30


def start_worker(folder):
    command = [sys.executable, "-m", "activedints", "worker", "--once", "--workspace", str(folder), "--device", "cpu"]
    return subprocess.Popen(command, stderr=subprocess.DEVNULL)


def training_job(store):
    with store.read() as session:
        return next((j for j in reversed(jobs.newest(session)) if j.kind == "train"), None)


def prepare(folder, brains):
    store = Store.open(folder)
    import_cases(store, ImportRequest(brains, labels="brain_1,brain_2", holdout="brain_0"))
    commands.oracle_answers(store, brains)
    with store.write() as session:
        commands.begin_turn(session, {"steps": STEPS, "seconds": None, "draws": 2})
    return store


def kill_somewhere(store, folder, moment):
    """Kill -9 the worker service ``moment`` seconds after its training began to run."""
    worker = start_worker(folder)
    until = time.monotonic() + 120
    while training_job(store).status == JobStatus.QUEUED and time.monotonic() < until:
        time.sleep(0.02)
    time.sleep(moment)
    os.kill(worker.pid, signal.SIGKILL)
    worker.wait()


def check_whole(store):
    """No annotation, row or file is lost or half-written."""
    with store.read() as session:
        assert session.execute(text("pragma integrity_check")).scalar() == "ok"
        experiment = cases.active_experiment(session)
        kept = annotations.newest_of_each(session, experiment.id)
        assert len(kept) == 3
        for annotation in kept.values():
            assert store.files.path(annotation.file).stat().st_size > 100


def survive(tmp_path, brains, moments):
    store = prepare(tmp_path / "killed", brains)
    for moment in moments:
        if training_job(store).status in (JobStatus.QUEUED, JobStatus.RUNNING):
            kill_somewhere(store, tmp_path / "killed", moment)
            check_whole(store)
    assert start_worker(tmp_path / "killed").wait(timeout=300) == 0
    assert training_job(store).status == JobStatus.DONE
    with store.read() as session:
        model = cycles.newest_model(session, cases.active_experiment(session).id)
        weights = load_file(store.files.path(model.file))
    store.engine.dispose()
    return {name: tensor.numpy().tobytes() for name, tensor in weights.items()}


@pytest.mark.slow
def test_twenty_kills_of_the_worker_end_in_the_same_weights(tmp_path, brains):
    moments = random.Random(0)
    killed = survive(tmp_path / "a", brains, [moments.uniform(0, 8) for _ in range(20)])
    assert killed == survive(tmp_path / "b", brains, [])


def test_a_killed_worker_loses_nothing_and_resumes(tmp_path, brains):
    killed = survive(tmp_path / "a", brains, [5.0])
    assert killed == survive(tmp_path / "b", brains, [])
