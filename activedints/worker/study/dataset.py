"""The fully labelled cases of a study in memory, who is held out, and what can be asked for."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from activedints.core.errors import EmptyPool, InvalidLabels, InvalidSettings
from activedints.core.region import MOST_BOXES, boxes_of, voxels
from activedints.core.settings import LabelSet
from activedints.core.volume import Box, spacing
from activedints.formats.brain import brain_mask
from activedints.formats.nifti import read_labelmap, read_volume
from activedints.formats.source import read_dataset
from activedints.learn.data import TrainingCase
from activedints.worker.study.plan import Plan

PER_CASE = MOST_BOXES
"""Candidate number of a Region = case number * PER_CASE + number of the box; of a volume = case number * PER_CASE."""


@dataclass(frozen=True)
class Data:
    """All cases in a fixed order; ``holdout``, ``calibration`` and ``learning`` are numbers into ``cases``."""

    cases: tuple[TrainingCase, ...]
    channels: tuple[str, ...]
    labels: LabelSet
    holdout: tuple[int, ...]
    calibration: tuple[int, ...]
    learning: tuple[int, ...]
    plan: Plan
    boxes: dict[int, Box]
    """Candidate number -> box, of every Region that can be asked for; empty where volumes are asked for."""

    @property
    def candidates(self) -> list[int]:
        return sorted(self.boxes) if self.boxes else [case * PER_CASE for case in self.learning]

    def whole(self, case: int) -> list[int]:
        """All candidates of one case."""
        return [c for c in self.candidates if c // PER_CASE == case]

    def voxels(self, candidate: int) -> int:
        """Cost in voxels."""
        box = self.boxes.get(candidate)
        return voxels(box) if box else int(np.prod(self.cases[candidate // PER_CASE].brain.shape))

    def volumes(self, candidate: int) -> float:
        """Cost in volumes: a Region's is its share of its case's Regions."""
        if not self.boxes:
            return 1.0
        return self.voxels(candidate) / sum(self.voxels(other) for other in self.whole(candidate // PER_CASE))

    def minutes(self, candidate: int) -> float | None:
        """Estimated reader minutes: the measured minutes of a case, for a Region its share of them."""
        measured = self.plan.minutes_per_case
        return None if measured is None else measured * self.volumes(candidate)

    def cost(self, candidate: int) -> float:
        """In the budget's unit."""
        if self.plan.budget_unit == "minutes":
            return float(self.minutes(candidate) or 0.0)
        counted = self.voxels if self.plan.budget_unit == "voxels" else self._pieces
        return float(counted(candidate))

    def _pieces(self, candidate: int) -> float:
        """A budget in volumes counts whole volumes; for Regions it counts Regions."""
        return 1.0


def load(plan: Plan) -> Data:
    """Read and split the data set. A sentence for what cannot be studied: unlabelled cases, too few, a class that no
    label map holds."""
    dataset = read_dataset(Path(plan.dataset))
    if dataset.labels is None:
        raise InvalidLabels(
            f"{plan.dataset} names no labels, so it cannot answer as an oracle; use a labelled data set."
        )
    cases = []
    for source in sorted(dataset.cases, key=lambda case: case.name):
        if source.label is None:
            raise InvalidLabels(f"Case {source.name} has no label map; a study needs a fully labelled data set.")
        volume = read_volume(source)
        label = dataset.labels.index_of(read_labelmap(source.label).array)
        brain, _ = brain_mask(volume, source.brain)
        cases.append(TrainingCase(source.name, volume.array, brain, spacing(volume.affine), label))
    return split(tuple(cases), dataset.channels, dataset.labels, plan)


def split(cases: tuple[TrainingCase, ...], channels: tuple[str, ...], labels: LabelSet, plan: Plan) -> Data:
    """Deal out the roles; the same split for every arm and seed."""
    names = [case.case_id for case in cases]
    unknown = [name for name in plan.holdout_names if name not in names]
    if unknown:
        raise InvalidSettings(f"The holdout names {unknown}, which are not among the cases {names}.")
    order = [int(i) for i in np.random.default_rng(plan.split_seed).permutation(len(cases))]
    named = [names.index(name) for name in plan.holdout_names]
    holdout = tuple(sorted(named or order[: plan.holdout]))
    rest = [case for case in order if case not in holdout]
    calibration, learning = tuple(sorted(rest[: plan.calibration])), tuple(sorted(rest[plan.calibration :]))
    if len(learning) <= plan.initial:
        raise EmptyPool(
            f"{len(cases)} cases less {len(holdout)} holdout and {len(calibration)} calibration leave {len(learning)},"
            f" which an initial set of {plan.initial} uses up: there is no pool to ask from; use more cases."
        )
    for number, label in enumerate(labels.foreground, start=1):
        if not any((cases[case].label == number).any() for case in learning):
            raise InvalidLabels(
                f"No case to learn from has a voxel of '{label}'; leave the label out or add such cases."
            )
    return Data(cases, channels, labels, holdout, calibration, learning, plan, _numbered(cases, learning, plan))


def _numbered(cases: tuple[TrainingCase, ...], learning: tuple[int, ...], plan: Plan) -> dict[int, Box]:
    """Made with the split, so that a side too small for the numbers is refused before anything is computed."""
    if plan.unit == "volume":
        return {}
    return {
        case * PER_CASE + number: box
        for case in learning
        for number, box in enumerate(boxes_of(cases[case].case_id, cases[case].brain, plan.side))
    }
