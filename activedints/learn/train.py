"""Training: one loop of named steps, bounded by seconds or steps, resumable after a kill."""

import hashlib
import json
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch

from activedints.core.architecture import Architecture
from activedints.core.errors import InvalidSettings
from activedints.core.job import Report
from activedints.core.settings import LabelSet, TrainSettings
from activedints.learn.augment import augment
from activedints.learn.checkpoint import drop_checkpoints, load_checkpoint, save_checkpoint
from activedints.learn.compute import autocast, pick_device, threads
from activedints.learn.data import PatchSampler, TrainingCase, prepare, resident
from activedints.learn.loss import dice_ce
from activedints.learn.model import OWN_STATISTICS, Card, load_model, save_model, start_from
from activedints.learn.networks import Network
from activedints.learn.norm import OWN, own_share

REPORT_EVERY = 1.5
"""Seconds between two reports."""
WARM_UP = 0.02
"""Share of the run in which the learning rate rises."""
CLIP_NORM = 5.0
FINE_TUNE = 0.25
"""Share of the learning rate where every weight comes from a starter: at the whole rate few cases wash it out."""
BELIEVED = 6.0
"""A fine-tuning on so many cases is believed as much as its starter, and the model is the mean of both."""
SNAPSHOT = "snapshot-"


@dataclass(frozen=True)
class TrainedModel:
    """``path`` of the model file, optimiser ``steps``, ``seconds`` of the loop, ``loss`` (running mean at the end);
    ``members`` are the model files of earlier snapshots, the newest first."""

    path: Path
    steps: int
    seconds: float
    loss: float
    members: tuple[Path, ...] = ()


def train(
    cases: Sequence[TrainingCase],
    architecture: Architecture | str,
    channels: tuple[str, ...],
    labels: LabelSet,
    settings: TrainSettings,
    report: Report,
    folder: Path,
    start: Path | None = None,
) -> TrainedModel:
    """Train a network on labelled cases; writes ``folder/model.safetensors``.

    ``architecture`` is a DiNTS Architecture, ``"segresnet"`` or ``"dynunet"``. ``start`` is a starter's model file:
    its channels are matched by name, and only its trunk is taken when its label names differ. If ``folder`` holds
    checkpoints of the same run, training resumes; on the CPU a run bounded by steps then ends in the same weights, bit
    by bit. (On CUDA the trilinear backward pass is not deterministic.) ``report`` hears of (step, steps) or of
    (seconds, seconds) every 1.5 s, and what it raises ends the run; the last checkpoint stays.
    """
    card = Card(architecture, tuple(channels), labels, settings.spacing, settings.patch, asdict(settings))
    purpose = _fingerprint(card, cases, start)
    path = folder / "model.safetensors"
    if path.exists() and (done := load_model(path, "cpu").card.facts).get("purpose") == purpose:
        return TrainedModel(path, done["steps"], done["seconds"], done["loss"], snapshot_files(folder))
    with threads(settings.threads):
        run = _Run(card, cases, settings, start, folder, purpose)
        while run.progress < 1:
            random = np.random.default_rng((settings.seed, run.step))
            image, label = run.sampler.batch(settings.batch, random)
            image, label = augment(image.to(run.device), label.to(run.device), random)
            loss = run.loss(image, label)
            run.descend(loss)
            run.snapshot()
            run.tell(report)
            run.keep()
        return run.finish(path, report)


class _Run:
    """The state of one training: network, optimiser, running average of the weights, step and seconds spent."""

    def __init__(
        self,
        card: Card,
        cases: Sequence[TrainingCase],
        settings: TrainSettings,
        start: Path | None,
        folder: Path,
        purpose: str,
    ) -> None:
        self.settings, self.card, self.folder, self.purpose = settings, card, folder, purpose
        self.device = pick_device(settings.device)
        network, fine = fresh_network(card, settings, start)
        self.peak = settings.learning_rate * (FINE_TUNE if fine else 1)
        self.starter = {name: value.clone() for name, value in network.state_dict().items()} if fine else {}
        self.believed = len(cases) / (len(cases) + BELIEVED) if fine else 1.0
        self.network = network.to(self.device, memory_format=torch.channels_last_3d)
        own = own_share(len(cases)) if fine else OWN
        self.facts = {"purpose": purpose, OWN_STATISTICS: own, "believed": self.believed}
        check_patch(self.network, settings.patch)
        self.optimiser = torch.optim.AdamW(self.network.parameters(), self.peak, weight_decay=settings.weight_decay)
        self.average = [p.detach().clone() for p in self.network.parameters()]
        self.step, self.mean_loss, spent = 0, 0.0, 0.0
        if state := load_checkpoint(folder, purpose):
            self.network.load_state_dict(state["network"])
            self.optimiser.load_state_dict(state["optimiser"])
            self.average = [value.to(self.device) for value in state["average"]]
            self.step, self.mean_loss, spent = state["step"], state["mean_loss"], state["seconds"]
            torch.set_rng_state(state["torch"])
        else:
            torch.manual_seed(settings.seed)
        classes = card.labels.classes
        ready = [prepare(case, classes, settings.spacing, settings.patch) for case in cases]
        self.sampler = PatchSampler(resident(ready, self.device), settings.patch)
        self.began = time.monotonic() - spent
        self.told, self.kept, self.writing = 0.0, time.monotonic(), 0.0

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began

    @property
    def progress(self) -> float:
        """Share of the run that is done, 0 to 1: what the schedule follows."""
        return self.step / self.settings.steps if self.settings.steps else self.seconds / (self.settings.seconds or 1)

    def loss(self, image: torch.Tensor, label: torch.Tensor) -> torch.Tensor:
        self.network.train()
        # dropout follows the step alone, so that a resumed run draws the same masks
        torch.manual_seed(self.settings.seed * 1_000_003 + self.step)
        with autocast(self.device, self.settings.precision):
            logits = self.network(image.contiguous(memory_format=torch.channels_last_3d))
        return dice_ce(logits, label)

    def descend(self, loss: torch.Tensor) -> None:
        rate = learning_rate(self.peak, self.progress, self.settings.snapshots)
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        self.optimiser.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), CLIP_NORM)
        self.optimiser.step()
        decay = min(self.settings.average, (1 + self.step) / (10 + self.step)) if self.settings.average else 0.0
        with torch.no_grad():
            for mean, parameter in zip(self.average, self.network.parameters()):
                mean.lerp_(parameter, 1 - decay)
        self.step += 1
        self.mean_loss += (loss.detach().item() - self.mean_loss) * max(0.02, 1 / self.step)

    def snapshot(self) -> None:
        """At the end of a restart keep the network as a Member; the last restart's is the model itself."""
        number = int(self.progress * self.settings.snapshots + 1e-9)
        path = self.folder / f"{SNAPSHOT}{number:03d}.safetensors"
        if number == 0 or number >= self.settings.snapshots or path.exists():
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        now = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        self.network.load_state_dict(self.outcome())
        save_model(path, self.network, replace(self.card, facts=self.facts | {"steps": self.step}))
        self.network.load_state_dict(now)

    def outcome(self) -> dict[str, torch.Tensor]:
        """The averaged weights and the running statistics; after a fine-tuning part of the way back to the starter, so
        that less of it is forgotten (Wortsman et al., CVPR 2022; docs/decisions/0010-back-to-the-starter.md)."""
        state = {name: value.detach().clone() for name, value in self.network.state_dict().items()}
        state |= {name: mean for (name, _), mean in zip(self.network.named_parameters(), self.average)}
        if not self.starter:
            return state
        return {name: self.starter[name].to(value).lerp(value, self.believed) for name, value in state.items()}

    def tell(self, report: Report) -> None:
        now = time.monotonic()
        if now - self.told < REPORT_EVERY and self.progress < 1:
            return
        self.told = now
        done, total = (
            (self.step, self.settings.steps)
            if self.settings.steps
            else (round(self.seconds), round(self.settings.seconds or 0))
        )
        rate = self.step / max(self.seconds, 1e-9)
        report(
            min(done, total),
            total,
            f"Training: loss {self.mean_loss:.3f} after {self.step} steps, {rate:.1f} a second",
            {"loss": self.mean_loss, "steps": float(self.step), "steps_per_second": rate},
        )

    def keep(self) -> None:
        """Write a checkpoint now and then; a large network, less often, so that writing takes under 5 %."""
        now = time.monotonic()
        if now - self.kept >= max(self.settings.checkpoint_every, 20 * self.writing):
            save_checkpoint(self.folder, self.step, self.state())
            self.kept = time.monotonic()
            self.writing = self.kept - now

    def state(self) -> dict[str, Any]:
        return {
            "purpose": self.purpose,
            "network": self.network.state_dict(),
            "optimiser": self.optimiser.state_dict(),
            "average": self.average,
            "step": self.step,
            "mean_loss": self.mean_loss,
            "seconds": self.seconds,
            "torch": torch.get_rng_state(),
        }

    def finish(self, path: Path, report: Report) -> TrainedModel:
        """Write the outcome as the model and drop the checkpoints."""
        self.network.load_state_dict(self.outcome())
        members = snapshot_files(self.folder)
        result = TrainedModel(path, self.step, self.seconds, self.mean_loss, members)
        facts = self.facts | {"steps": result.steps, "seconds": result.seconds, "loss": result.loss}
        card = replace(self.card, facts=facts)
        path.parent.mkdir(parents=True, exist_ok=True)
        save_model(path, self.network, card)
        drop_checkpoints(self.folder)
        return result


def fresh_network(card: Card, settings: TrainSettings, start: Path | None = None) -> tuple[Network, bool]:
    """The card's network with weights drawn from the seed, or from a starter's file; and whether all of them come from
    there, so that the training is a fine-tuning."""
    torch.manual_seed(settings.seed)
    network, taken = card.build(), None
    if start is not None:
        taken = start_from(network, card, load_model(start, "cpu"))
    return network, taken == "all"


def snapshot_files(folder: Path) -> tuple[Path, ...]:
    """Model files of a run's earlier snapshots, the newest first."""
    return tuple(sorted(folder.glob(f"{SNAPSHOT}*.safetensors"), reverse=True))


def learning_rate(peak: float, progress: float, restarts: int = 1) -> float:
    """Linear rise over the first 2 % of the run, then a polynomial fall (power 0.9, nnU-Net) to zero; with
    ``restarts`` the run falls to zero so many times.

    >>> [round(learning_rate(1.0, p), 2) for p in (0.0, 0.01, 0.51, 1.0)]
    [0.05, 0.5, 0.53, 0.0]
    >>> [round(learning_rate(1.0, p, 2), 2) for p in (0.255, 0.4999, 0.755)]
    [0.53, 0.0, 0.53]
    """
    progress = progress if progress >= 1 else progress * restarts % 1
    if progress < WARM_UP:
        return peak * max(0.05, progress / WARM_UP)
    return peak * max(0.0, 1 - (progress - WARM_UP) / (1 - WARM_UP)) ** 0.9


def check_patch(network: Network, patch: tuple[int, int, int]) -> None:
    """Raise InvalidSettings unless the network can take patches of this size."""
    if any(side % network.divisor or side < 2 * network.divisor for side in patch):
        raise InvalidSettings(
            f"Patch {patch} does not fit this network: every side must be a multiple of {network.divisor} "
            f"and at least {2 * network.divisor}; choose such a patch."
        )


def _fingerprint(card: Card, cases: Sequence[TrainingCase], start: Path | None) -> str:
    """What a checkpoint must have been made for to be resumed: card, settings, cases, their labels, the starter."""
    found = hashlib.sha256(card.to_json().encode())
    for case in cases:
        label = b"" if case.label is None else np.ascontiguousarray(case.label).tobytes()
        found.update(json.dumps([case.case_id, list(case.image.shape), hashlib.sha256(label).hexdigest()]).encode())
    if start is not None:
        found.update(hashlib.sha256(Path(start).read_bytes()).digest())
    return found.hexdigest()
