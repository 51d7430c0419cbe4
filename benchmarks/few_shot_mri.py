"""Few-shot triage on real MRI (BraTS 2021, CC BY 4.0): four kinds of tissue, five examples each, on a new patient.

Each fold keeps two patients apart; the others are learned from. An episode's support comes from one of the two and its
targets from the other, so that neither patches of one scan nor its grey scale can help. Beside it, on the same
episodes: nearest class mean of raw pixels, and a logistic regression on intensities (mean of the middle and of the
whole patch, by channel).
"""

from itertools import combinations
from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from sklearn.linear_model import LogisticRegression
from torch import Tensor

from activedints.core.settings import LabelSet
from activedints.core.volume import LabelMap, Volume
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import EpisodePlan, Episodes, ImageClasses, gather
from activedints.nas.few_shot.evaluation import Figure, by_adaptation, correct
from activedints.nas.few_shot.evaluation import figure as accuracy
from activedints.nas.few_shot.functional import Conv4
from activedints.nas.few_shot.learners import EpisodeSource, Maml, Prototypes, meta_train
from activedints.nas.few_shot.patches import PatchSettings, patch_classes
from benchmarks.figures import figure

CHANNELS = ("FLAIR", "T1w", "T1gd", "T2w")
LABELS = LabelSet((0, 1, 2, 3), ("background", "edema", "non-enhancing", "enhancing"))
WAY, SHOT, TARGET = 4, 5, 10
SOURCE = EpisodeSource(episodes=8, way=WAY, shot=SHOT, target=5, turned=True, grouped=True)
PROTO_MAML = Adaptation(5, 0.1)


def scans(folder: Path) -> dict[str, tuple[Volume, LabelMap]]:
    """The eight 2 mm patients, RAS+."""
    found = {}
    for path in sorted((folder / "brats2021_2mm" / "imagesTr").glob("B*.nii.gz")):
        image = nibabel.as_closest_canonical(nibabel.load(path))
        label = nibabel.as_closest_canonical(nibabel.load(folder / "brats2021_2mm" / "labelsTr" / path.name))
        array = np.moveaxis(np.asarray(image.dataobj, np.float32), -1, 0)
        name = path.name.removesuffix(".nii.gz")
        found[name] = (
            Volume(array, image.affine, CHANNELS),
            LabelMap(np.asarray(label.dataobj).astype(np.uint8), label.affine),
        )
    return found


def together(parts: list[ImageClasses]) -> ImageClasses:
    return ImageClasses(np.concatenate([p.images for p in parts]), tuple(name for p in parts for name in p.names))


def crossed(first: ImageClasses, second: ImageClasses, episodes: int, seed: int) -> tuple[ImageClasses, EpisodePlan]:
    """Episodes with support from ``first`` and targets from ``second``, and back, as one set of classes and a plan."""
    both = ImageClasses(np.concatenate([first.images, second.images], 1), first.names)
    each, rng = first.images.shape[1], np.random.default_rng(seed)
    rows = []
    for episode in range(episodes):
        own, other = (rng.random((WAY, each)).argsort(1) for _ in range(2))
        lo, hi = (0, each) if episode % 2 == 0 else (each, 0)
        rows.append(np.concatenate([own[:, :SHOT] + lo, other[:, :TARGET] + hi], 1))
    classes = np.tile(np.arange(WAY), (episodes, 1))
    return both, EpisodePlan(classes, np.zeros_like(classes), np.stack(rows), SHOT)


def regression(batch: Episodes) -> np.ndarray:
    """Accuracy of a logistic regression on intensities, per episode."""
    whole = [
        torch.cat([x.mean((-2, -1)), x[..., 11:17, 11:17].mean((-2, -1))], -1) for x in (batch.support, batch.target)
    ]
    found = []
    for near, far in zip(*whole):
        middle, spread = near.mean(0), near.std(0) + 1e-6
        model = LogisticRegression(max_iter=1000).fit((near - middle) / spread, batch.support_labels)
        found.append((model.predict((far - middle) / spread) == batch.target_labels.numpy()).mean())
    return np.array(found)


def raw(batch: Episodes) -> np.ndarray:
    """Accuracy of the nearest class mean of pixels."""

    def predict(images: Tensor) -> Tensor:
        return -torch.cdist(images.flatten(2), inner.prototypes(batch.support.flatten(2), WAY))

    return correct(predict, batch, "transductive")


def mri_figures(folder: Path, seed: int, episodes: int) -> list[dict[str, Any]]:
    """Folds over pairs of the patients that have all four kinds; ``episodes`` in sum."""
    patients = patch_classes(scans(folder), LABELS, PatchSettings(CHANNELS, "axial", 32.0, 40), seed)
    complete = [name for name, classes in patients.items() if len(classes) == WAY]
    pairs = list(combinations(complete, 2))[::2]
    found: dict[str, list[np.ndarray]] = {}
    for number, pair in enumerate(pairs):
        seen = together([classes for name, classes in patients.items() if name not in pair])
        images, wanted = crossed(*(patients[name] for name in pair), max(4, episodes // len(pairs)), seed + number)
        batch = gather(images, wanted)
        found.setdefault("pixels", []).append(raw(batch))
        found.setdefault("regression", []).append(regression(batch))
        network = Conv4(channels=len(CHANNELS))
        start = meta_train(network, (Prototypes(150, SOURCE, 3e-3),), seen, seed)
        proto = Maml(100, False, PROTO_MAML, SOURCE, 1e-3).run(network, start, seen, (seed, 1))
        for name, params, settings in (
            ("prototypes", start, Adaptation(0)),
            ("Proto-MAML", proto, PROTO_MAML),
        ):
            adapted = by_adaptation(network, params, settings)(batch)["adapted"]
            found.setdefault(name, []).append(correct(adapted, batch, "one target"))
    means = {name: accuracy(np.concatenate(parts), "one target") for name, parts in found.items()}
    return [as_figure(f"mri_{name}", means[name], means["regression"].mean) for name in means]


def as_figure(what: str, found: Figure, reference: float) -> dict[str, Any]:
    interval = (found.mean - found.interval, found.mean + found.interval)
    return figure(what, found.mean, reference, "%", n=found.episodes, interval=interval, smaller_is_better=False)
