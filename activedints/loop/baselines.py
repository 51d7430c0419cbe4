"""The newest model beside baselines of the same budget: what each reached on the holdout, and what each costs."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from activedints.core.architecture import Architecture
from activedints.core.errors import EmptyPool, IllegalChange, NotFound
from activedints.core.job import JobKind, JobStatus
from activedints.loop import experiments
from activedints.loop.views import mean_of
from activedints.store import cases, cycles, jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Job, Model

Row = dict[str, Any]
FEWEST = 3
"""Cases below which an interval of the mean difference says nothing."""
DRAWS = 10_000
RANDOM = "random"
BASELINES = ("segresnet", "dynunet", "cvpr2021", RANDOM)
"""Networks that a model can be held against: MONAI's SegResNet, a DynUNet by nnU-Net's rules, the published DiNTS, and
a random architecture of the model's own space and memory."""


@dataclass(frozen=True)
class Comparison:
    """``rows``: one per network, the model first, with Dice, n, cost and budget. ``verdicts``: one sentence per
    baseline. Empty where no baseline was trained like this model yet; ``model`` None while none is trained."""

    model: int | None
    rows: tuple[Row, ...]
    verdicts: tuple[str, ...]


def train_baseline(store: Store, network: str) -> str:
    """Enqueue the training of a baseline on the newest model's own cases for the same seconds, and its holdout."""
    with store.write() as session:
        experiment = experiments.active(session)
        model = cycles.newest_model(session, experiment.id)
        if model is None or model.origin != "trained":
            raise NotFound("There is no trained model yet, so there is nothing to compare with: train first.")
        if network not in BASELINES:
            raise NotFound(f"There is no baseline '{network}'; there are {', '.join(BASELINES)}.")
        if network == RANDOM and not model.architecture.lstrip().startswith("{"):
            raise IllegalChange(
                f"A random architecture is drawn like a DiNTS model; the newest is {model.architecture}."
            )
        if not cycles.evaluations(session, model.id, "holdout"):
            raise EmptyPool("The newest model is not measured on a holdout yet: read the holdout cases first.")
        if jobs.unfinished(session, experiment.id):
            raise IllegalChange("A job of this experiment is unfinished: wait for it, or cancel it on the Jobs page.")
        arguments = {"network": network, "model": model.id}
        job: Job = jobs.enqueue(
            session, JobKind.BASELINE, arguments, experiment.id, cycles.current(session, experiment.id).id
        )
        return f"Job {job.id} is queued: it trains {network} for {model.seconds:.0f} s on the same cases."


def comparison(store: Store) -> Comparison:
    """The newest trained model of the active experiment beside the baselines that were trained like it."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        model = cycles.newest_model(session, experiment.id) if experiment else None
        if experiment is None or model is None or model.origin != "trained":
            return Comparison(None, (), ())
        done = [
            job.result
            for job in jobs.newest(session, 10_000)
            if _is_comparison(job, experiment.id) and job.result and job.result["model"] == model.id
        ]
        newest = {result["network"]: result for result in reversed(done)}
        return _comparison(session, model, list(newest.values()))


def _is_comparison(job: Job, experiment_id: int) -> bool:
    return (job.kind, job.status, job.experiment_id) == (JobKind.BASELINE, JobStatus.DONE, experiment_id)


def _comparison(session: Session, model: Model, found: list[Row]) -> Comparison:
    if not found:
        return Comparison(model.id, (), ())
    named = model.architecture
    name = Architecture.from_json(named).name if named.lstrip().startswith("{") else named
    rows = [_row(f"{name} (model {model.id})", found[0], "ours", model.steps, model.seconds)]
    rows += [_row(one["network"], one, "theirs", one["steps"], one["seconds"]) for one in found]
    return Comparison(model.id, tuple(rows), tuple(_verdict(one) for one in found))


def _row(name: str, result: Row, side: str, steps: int, seconds: float) -> Row:
    labels, n = mean_of([case[side]["labels"] for case in result["cases"]])
    foreground, _ = mean_of([case[side]["any_foreground"] for case in result["cases"]])
    cost = result["costs"][side]
    return {
        "network": name,
        "Dice, labels": labels,
        "Dice, any foreground": foreground,
        "n": n,
        "seconds of training": seconds,
        "steps": steps,
        "parameters": cost["parameters"],
        "GFLOPs a patch": cost["gflops"],
        "peak MB": cost["peak_megabytes"],
        "seconds a volume": cost["seconds_per_volume"],
    }


def _verdict(result: Row) -> str:
    gaps = [
        case["ours"]["labels"] - case["theirs"]["labels"]
        for case in result["cases"]
        if case["ours"]["labels"] is not None and case["theirs"]["labels"] is not None
    ]
    if not gaps:
        return f"No holdout case defines a Dice for both networks, so nothing is said about {result['network']}."
    mean = float(np.mean(gaps))
    words = f"Model minus {result['network']}, mean Dice over the labels, case by case: {mean:+.3f} (n = {len(gaps)}"
    if len(gaps) < FEWEST:
        return f"{words}, too few for an interval)."
    low, high = paired_interval(gaps)
    sure = "the interval holds 0, so neither is better" if low <= 0 <= high else "the interval leaves 0 out"
    return f"{words}, 95 % interval {low:+.3f} to {high:+.3f}): {sure}."


def paired_interval(gaps: list[float]) -> tuple[float, float]:
    """95 % interval of the mean of paired differences, by resampling the cases.

    >>> paired_interval([0.1, 0.1, 0.1])
    (0.1, 0.1)
    """
    values = np.asarray(gaps)
    drawn = values[np.random.default_rng(0).integers(len(values), size=(DRAWS, len(values)))].mean(axis=1)
    low, high = np.percentile(drawn, [2.5, 97.5])
    return round(float(low), 6), round(float(high), 6)
