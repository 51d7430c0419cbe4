"""One episode as a screen shows it: adapted step by step, every step a plain dictionary that JSON can hold.

    result = {
      "learner": "MetaNAS", "way": 5, "shot": 1, "names": ["Greek/character03", ...], "mode": "transductive",
      "parameters": 101234, "chance": 0.2, "seconds": 0.9,
      "steps": [STEP, ...],                      # the first is before any step
      "genotype": [[{"node": 0, "state": 1, "operation": "skip"}, ... two a node], ... one list a cell] or null,
      "pruned": {"accuracy": 0.96, "predictions": [...], "parameters": 11234} or null
    }
    STEP = {
      "step": 3, "loss": 0.41, "accuracy": 0.92 or null, "predictions": [0, 0, 1, ...],
      "temperature": 0.6 or null,
      "alphas": {"operations": [cell][edge][operation], "inputs": [cell][choice]} or null
    }

``accuracy`` and ``pruned.accuracy`` are null where nobody said what the targets are. Cells, edges and shares at a
temperature are ``core.cell``'s.
"""

import time
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

import torch
from torch import Tensor

from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot import metanas, pruning
from activedints.nas.few_shot.functional import Network, Params, stack
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import Search
from activedints.nas.few_shot.mixtures import ALPHA, Pruned
from activedints.nas.few_shot.supernet import Supernet

Step = dict[str, Any]


def adapt(
    checkpoint: MetaCheckpoint,
    support: Tensor,
    target: Tensor,
    names: tuple[str, ...],
    target_labels: Tensor | None = None,
    search: Search | None = None,
    on_step: Callable[[Step], None] | None = None,
) -> dict[str, Any]:
    """Adapt to ``support`` (way * shot, channel, y, x), class by class, and tell ``target`` (image, channel, y, x).

    ``search`` overrides steps and temperatures of a MetaNAS checkpoint (the screen's slider). ``on_step`` sees each
    step at once.
    """
    began, way = time.perf_counter(), len(names)
    recorder = Recorder(support, target, target_labels, on_step or (lambda step: None))
    if isinstance(checkpoint.network, Supernet) and isinstance(checkpoint.adapting, Search):
        ended = recorder.search(checkpoint.network, checkpoint.params, search or checkpoint.adapting, way)
    else:
        ended = recorder.adapt(checkpoint, way)
    return {
        "learner": checkpoint.learner,
        "way": way,
        "shot": len(support) // way,
        "names": list(names),
        "mode": "transductive",
        "parameters": checkpoint.weights,
        "chance": 1 / way,
        "steps": recorder.steps,
        **ended,
        "seconds": time.perf_counter() - began,
    }


class Recorder:
    """Collects the steps of one episode's adaptation."""

    def __init__(self, support: Tensor, target: Tensor, labels: Tensor | None, tell: Callable[[Step], None]):
        self.support, self.target, self.labels, self.tell = support[None], target[None], labels, tell
        self.steps: list[Step] = []

    def adapt(self, checkpoint: MetaCheckpoint, way: int) -> dict[str, Any]:
        """Weights only."""
        network: Network = checkpoint.network

        def record(step: int, params: Params, loss: Tensor) -> None:
            self.add({"step": step, "loss": loss.item(), "temperature": None, "alphas": None}, network, params)

        inner.adapt(network, stack(checkpoint.params, 1), self.support, way, checkpoint.adapting, on_step=record)
        return {"genotype": None, "pruned": None}

    def search(self, supernet: Supernet, meta: Params, search: Search, way: int) -> dict[str, Any]:
        """Weights and architecture."""

        def record(step: int, tau: float, params: Params, loss: Tensor) -> None:
            alphas = {k.removeprefix(ALPHA): v.detach()[0].tolist() for k, v in params.items() if k.startswith(ALPHA)}
            facts = {"step": step, "loss": loss.item(), "temperature": tau, "alphas": alphas}
            self.add(facts, search.network(supernet, step), params)

        params = metanas.adapt(supernet, stack(meta, 1), self.support, way, search, on_step=record)
        pruned = Pruned(supernet, inputs=search.inputs)
        found = self.told(pruned, params)
        cells = pruning.genotypes(params, search.inputs)[0]
        size = supernet.weights_left([[(gene.state, gene.operation) for gene in cell] for cell in cells])
        genotype = [[asdict(gene) for gene in cell] for cell in cells]
        return {"genotype": genotype, "pruned": found | {"parameters": size}}

    def add(self, facts: Step, network: Network, params: Params) -> None:
        step = facts | self.told(network, params)
        self.steps.append(step)
        self.tell(step)

    @torch.no_grad()
    def told(self, network: Network, params: Params) -> dict[str, Any]:
        """Predictions on the targets, and their accuracy where the labels are known."""
        told = inner.logits(network.features(params, self.target), params)[0].argmax(-1)
        right = None if self.labels is None else (told == self.labels).double().mean().item()
        return {"accuracy": right, "predictions": told.tolist()}
