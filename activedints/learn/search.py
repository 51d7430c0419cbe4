"""DiNTS search (He et al., CVPR 2021, arXiv 2103.15954) that a person can watch, afford, stop and resume.

Weights alone in the warm-up, then weights and alphas in turn (``bilevel.py``), the penalty's weight rising from 0 to 1;
the decoded architecture is evaluated again and again, and the search ends when it stays the same. A search bounded by
steps, killed and resumed, ends in the same alphas on the CPU, bit by bit; on CUDA the trilinear backward pass is not
deterministic.
"""

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from activedints.core.architecture import OPERATIONS, Architecture
from activedints.core.decode import Alphas, Decoded, decode, rows
from activedints.core.errors import Cancelled, EmptyPool, InvalidSettings
from activedints.core.job import Report
from activedints.core.settings import LabelSet, SearchSettings
from activedints.learn.bilevel import EVALUATED, Bilevel
from activedints.learn.checkpoint import drop_checkpoints, load_checkpoint, save_checkpoint
from activedints.learn.compute import threads
from activedints.learn.cost import peak_megabytes, resident_megabytes
from activedints.learn.data import TrainingCase
from activedints.learn.history import NAME, History, fingerprint, read_history
from activedints.learn.parallel import ALONE, Group, run_everywhere
from activedints.learn.train import REPORT_EVERY

RAMP = 0.5
"""Share of the time after the warm-up in which the penalty rises to its full weight."""


@dataclass(frozen=True)
class SearchResult:
    """``reason`` says why the search ended; ``history_path`` holds every evaluation (``history.py``)."""

    architecture: Architecture
    alphas: Alphas
    steps: int
    seconds: float
    reason: str
    history_path: Path


def search(
    cases: Sequence[TrainingCase],
    channels: tuple[str, ...],
    labels: LabelSet,
    settings: SearchSettings,
    report: Report,
    folder: Path,
    alphas: Alphas | None = None,
) -> SearchResult:
    """Find an architecture for these labelled cases; ``alphas`` continues from an earlier search's.

    ``report`` first hears what the search is expected to cost, then (step or second, of how many) with the metrics
    loss, edge_entropy, operation_entropy, ram, connection, gflops and seconds_per_step. A folder that holds an
    unfinished search of the same settings resumes it, a finished one answers at once. Raises EmptyPool for fewer than
    two cases, InvalidSettings for alphas of another space or a folder of another search.
    """
    check(cases, settings, alphas)
    facts = {
        "settings": asdict(settings),
        "channels": list(channels),
        "labels": list(labels.names),
        "operations": list(OPERATIONS),
        "cases": [case.case_id for case in cases],
    }
    purpose = fingerprint(facts, cases, alphas)
    history = read_history(folder, purpose) or History(purpose, facts)
    if history.final is None:
        task = cases, labels.classes, settings, folder, history, alphas
        if settings.processes == 1:
            history = learn_until_decided(*task, report)
        else:
            history = run_everywhere(settings.processes, settings.device, report, learn_until_decided, *task)
    drop_checkpoints(folder)
    return result_of(history, settings, folder)


def learn_until_decided(
    cases: Sequence[TrainingCase],
    classes: int,
    settings: SearchSettings,
    folder: Path,
    history: History,
    alphas: Alphas | None,
    report: Report,
    group: Group = ALONE,
    device: str | None = None,
) -> History:
    """The loop of a search, in this process, perhaps one of several; returns the finished history."""
    with threads(settings.threads):
        run = Search(Bilevel(cases, classes, settings, alphas, group, device), folder, history)
        try:
            run.announce(report)
            run.learn_on(report)
        except Cancelled:
            run.keep(at_once=True)  # stopped on request: nothing is lost
            raise
        run.finish(report)
    return history


class Search:
    """Schedule, evaluations, checkpoints and the end of one search."""

    def __init__(self, learn: Bilevel, folder: Path, history: History) -> None:
        self.learn, self.settings, self.folder, self.history = learn, learn.settings, folder, history
        spent = {"seconds": 0.0, "core_seconds": 0.0}
        if state := load_checkpoint(folder, history.purpose):
            learn.load(state)
            spent = state["spent"]
        history.back_to(learn.step)
        self.began, self.cores_began = time.monotonic() - spent["seconds"], time.process_time() - spent["core_seconds"]
        self.told, self.kept, self.writing = 0.0, time.monotonic(), 0.0
        self.resident = resident_megabytes()
        self.progress = 0.0  # share of the search that is done: what the schedule follows
        self.look_at_clock()
        if history.evaluations and history.evaluations[-1]["step"] == learn.step:
            history.reason = self.why_stop()  # it was stopped after its last step, before its end was written down

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    def look_at_clock(self) -> None:
        """Bring ``progress`` up to date; where time bounds the search, every process takes the first one's."""
        if self.settings.steps:
            self.progress = self.learn.step / self.settings.steps
        else:
            share = self.seconds / (self.settings.seconds or 1)
            self.progress = self.learn.group.first(share, self.learn.device)

    @property
    def warmed_up(self) -> bool:
        return self.progress >= self.settings.warm_up

    @property
    def penalty_weight(self) -> float:
        """0 in the warm-up, 1 from ``RAMP`` of the rest on."""
        warm_up = self.settings.warm_up
        return min(1.0, max(0.0, (self.progress - warm_up) / (RAMP * (1 - warm_up))))

    def announce(self, report: Report) -> None:
        """Say before the start what the search will cost, from counted memory and timed steps."""
        if not self.history.estimate:
            self.history.estimate = self.estimate()
            self.began, self.cores_began = time.monotonic(), time.process_time()
            self.look_at_clock()
        self.write()
        e, s = self.history.estimate, self.settings
        minutes = e["seconds"] / 60
        report(
            *self.position(),
            f"Estimate: {e['seconds_per_step']:.2f} s a step, at most {e['steps']:.0f} steps in {minutes:.1f} min, "
            f"{e['megabytes']:.0f} MB above the start, for {s.blocks} blocks of {s.depths} resolutions, "
            f"channel_mul {s.channel_mul:g}, patch {'x'.join(map(str, s.patch))}; a sampled network computes "
            f"{e['path_gflops'] / e['all_gflops']:.0%} of what all operations on all edges would"
            f"{f'. {s.advice}' if s.advice else ''}",
            dict(e),
        )

    def learn_on(self, report: Report) -> None:
        """Steps until there is a reason to end."""
        while self.history.reason is None:
            self.learn.weight_step(self.progress)
            if self.warmed_up:
                self.learn.alpha_step(self.penalty_weight)
            self.count_step(report)
            self.keep()

    def estimate(self) -> dict[str, float]:
        weight, alpha = self.learn.rehearse()
        settings, costs = self.settings, self.learn.costs
        evaluation = EVALUATED / settings.batch * weight / 3 / settings.evaluate_every
        a_step = weight + (1 - settings.warm_up) * alpha + evaluation
        steps = settings.steps or (settings.seconds or 0) / a_step
        paths = [self.learn.topology.sample(np.random.default_rng((settings.seed, i))) for i in range(20)]
        return {
            "seconds_per_step": a_step,
            "steps": float(int(steps)),
            "seconds": steps * a_step,
            "megabytes": self.learn.expected_megabytes(),
            "path_gflops": float(np.mean([costs.of(p.edges, p.operations)[0] for p in paths])),
            "all_gflops": float(settings.blocks * costs.gflops.sum() + costs.stem_gflops),
        }

    def count_step(self, report: Report) -> None:
        """Count; evaluate when due and find out whether to stop; tell."""
        self.learn.step += 1
        self.look_at_clock()
        if due := self.learn.step % self.settings.evaluate_every == 0 or self.progress >= 1:
            evaluation = {"penalty_weight": self.penalty_weight, **self.learn.evaluation(), **self.pace()}
            self.history.evaluations.append(evaluation)
            self.history.reason = self.why_stop()
            self.write()
        if due or time.monotonic() - self.told >= REPORT_EVERY:
            self.told = time.monotonic()
            phase = "weights and alphas" if self.warmed_up else "warming the weights up"
            message = f"Searching, {phase}: loss {self.learn.mean_loss:.3f} after {self.learn.step} steps"
            report(*self.position(), message, {**self.learn.metrics(), **self.pace()})

    def write(self) -> None:
        if self.learn.group.leads:
            self.history.write(self.folder)

    def pace(self) -> dict[str, float]:
        return {"seconds": round(self.seconds, 2), "seconds_per_step": self.seconds / max(1, self.learn.step)}

    def position(self) -> tuple[int, int]:
        """What ``report`` counts: steps, or seconds where those bound the search."""
        if self.settings.steps:
            return self.learn.step, self.settings.steps
        total = round(self.settings.seconds or 0)
        return min(round(self.seconds), total), total

    def why_stop(self) -> str | None:
        """The reason to end the search now, or None."""
        decided = [e for e in self.history.evaluations if e["penalty_weight"] == 1][-self.settings.patience :]
        networks = [Decoded(rows(e["decoded"]["edges"]), rows(e["decoded"]["operations"]), 0.0) for e in decided]
        if len(networks) == self.settings.patience and all(networks[-1].same_network(n) for n in networks):
            return f"stable: the decoded architecture stayed the same for {len(networks)} evaluations"
        if self.progress >= 1:
            return "steps: all were done" if self.settings.steps else "time: all of it was spent"
        return None

    def keep(self, at_once: bool = False) -> None:
        """Write a checkpoint now and then, and less often where writing takes long: under 5 % of the time."""
        now = time.monotonic()
        due = now - self.kept >= max(self.settings.checkpoint_every, 20 * self.writing)
        if self.learn.group.leads and (due or at_once):
            spent = {"seconds": self.seconds, "core_seconds": time.process_time() - self.cores_began}
            state = {"purpose": self.history.purpose, "spent": spent, **self.learn.state()}
            save_checkpoint(self.folder, self.learn.step, state)
            self.kept = time.monotonic()
            self.writing = self.kept - now

    def finish(self, report: Report) -> None:
        """Write down how it ended, beside what was expected."""
        history, alphas = self.history, self.learn.topology.alphas()
        base = self.resident if self.learn.device.type == "cpu" else 0.0
        history.measured = {
            "seconds_per_step": self.seconds / self.learn.step,
            "steps": float(self.learn.step),
            "seconds": self.seconds,
            "core_seconds": time.process_time() - self.cores_began,
            "megabytes": peak_megabytes(self.learn.device) - base,
            "path_gflops": self.learn.gflops,
        }
        history.final = {"edges": alphas.edges.tolist(), "operations": alphas.operations.tolist()}
        history.network = asdict(self.learn.cost_of(named(alphas, self.settings, "found")))
        self.write()
        m, e = history.measured, history.estimate
        report(
            *self.position(),
            f"Search over ({history.reason}): {self.learn.step} steps in {m['seconds'] / 60:.1f} min, "
            f"{m['seconds_per_step']:.2f} s a step ({e['seconds_per_step']:.2f} expected), {m['megabytes']:.0f} MB "
            f"({e['megabytes']:.0f} expected)",
            {**self.learn.metrics(), **self.pace()},
        )


def check(cases: Sequence[TrainingCase], settings: SearchSettings, alphas: Alphas | None) -> None:
    """Raise before anything is computed for too few cases or alphas of another space."""
    if len(cases) < 2:
        raise EmptyPool(
            "A search needs at least 2 labelled cases, one half for weights and one for alphas; "
            f"there are {len(cases)}: annotate more."
        )
    if alphas is not None and alphas.edges.shape != (settings.blocks, 3 * settings.depths - 2):
        raise InvalidSettings(
            f"The alphas come from a search of {len(alphas.edges)} blocks and {alphas.depths} resolutions, this one "
            f"has {settings.blocks} and {settings.depths}; start without them or with the same space."
        )


def named(alphas: Alphas, settings: SearchSettings, name: str, provenance: str = "") -> Architecture:
    """The network that the alphas decode to, in the space of these settings."""
    return decode(alphas).architecture(name, settings.channel_mul, provenance, settings.fine_skip, settings.norm)


def result_of(history: History, settings: SearchSettings, folder: Path) -> SearchResult:
    """The answer of a finished search, from its history alone."""
    alphas = Alphas.from_lists(history.final or {})
    measured = history.measured
    steps, minutes = int(measured["steps"]), measured["core_seconds"] / 60
    provenance = (
        f"Found by a search of {steps} steps, {minutes:.1f} core-minutes, on {len(history.facts['cases'])} cases "
        f"(seed {settings.seed}, sigma {settings.sigma:g}, patch {'x'.join(map(str, settings.patch))}); ended because "
        f"{history.reason}."
    )
    architecture = named(alphas, settings, "searched", provenance)
    return SearchResult(architecture, alphas, steps, measured["seconds"], history.reason or "", folder / NAME)
