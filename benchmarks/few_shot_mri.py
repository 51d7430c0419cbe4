"""Few-shot triage on real MRI (BraTS 2021, CC BY 4.0): four kinds of tissue, five examples each, on a new patient.

Each fold keeps two patients apart (every patient once); the others are learned from. An episode's support comes from
one of the two and its targets from the other, so that neither patches of one scan nor its grey scale can help; training
episodes are made alike. Beside it, on the same episodes: nearest class mean of raw pixels, a logistic regression on
intensities (mean of the middle and of the whole patch, by channel), and the shipped learner of characters.
"""

from pathlib import Path
from typing import Any

import nibabel
import numpy as np
import torch
from torch import Tensor

from activedints.core.settings import LabelSet
from activedints.core.volume import LabelMap, Volume
from activedints.loop import learners
from activedints.nas.few_shot import adaptation as inner
from activedints.nas.few_shot import meta_checkpoint, recipes
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import Episodes, ImageClasses
from activedints.nas.few_shot.evaluation import Figure, by_adaptation, correct
from activedints.nas.few_shot.evaluation import figure as accuracy
from activedints.nas.few_shot.functional import Conv4
from activedints.nas.few_shot.learners import Maml, Prototypes, meta_train
from activedints.nas.few_shot.patches import PatchSettings, patch_classes
from activedints.nas.few_shot.tissue import AcrossScans, crossed, regression
from benchmarks.figures import figure

CHANNELS = ("FLAIR", "T1w", "T1gd", "T2w")
LABELS = LabelSet((0, 1, 2, 3), ("background", "edema", "non-enhancing", "enhancing"))
WAY, SHOT, TARGET = 4, 5, 3
SOURCE = AcrossScans(episodes=8, way=WAY, shot=SHOT, target=5)
CHARACTERS = learners.SHIPPED / "quick-omniglot"
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


def raw(batch: Episodes) -> np.ndarray:
    """Accuracy of the nearest class mean of pixels."""

    def predict(images: Tensor) -> Tensor:
        return -torch.cdist(images.flatten(2), inner.prototypes(batch.support.flatten(2), WAY))

    return correct(predict, batch, "transductive")


def mri_figures(folder: Path, seed: int, episodes: int) -> list[dict[str, Any]]:
    """Folds over pairs of the patients that have all four kinds; ``episodes`` in sum."""
    patients = patch_classes(scans(folder), LABELS, PatchSettings(CHANNELS, "axial", 32.0, 40), seed)
    complete = [name for name, classes in patients.items() if len(classes) == WAY]
    pairs = list(zip(complete[::2], complete[1::2]))
    found: dict[str, list[np.ndarray]] = {}
    for number, pair in enumerate(pairs):
        seen = together([classes for name, classes in patients.items() if name not in pair])
        unseen, each = together([patients[name] for name in pair]), max(4, episodes // len(pairs))
        batch = crossed(unseen, WAY, SHOT, TARGET, each, np.random.default_rng([seed, number]))
        found.setdefault("pixels", []).append(raw(batch))
        found.setdefault("regression", []).append(regression(batch))
        network = Conv4(channels=len(CHANNELS))
        start = meta_train(network, (Prototypes(200, SOURCE, 3e-3),), seen, seed)
        proto = Maml(60, False, PROTO_MAML, SOURCE, 1e-3).run(network, start, seen, (seed, 1))
        for name, params, settings in (
            ("prototypes", start, Adaptation(0)),
            ("Proto-MAML", proto, PROTO_MAML),
        ):
            adapted = by_adaptation(network, params, settings)(batch)["adapted"]
            found.setdefault(name, []).append(correct(adapted, batch, "one target"))
        characters = recipes.adapting_to(meta_checkpoint.load(CHARACTERS))(batch)["adapted"]
        found.setdefault("characters", []).append(correct(characters, batch, "one target"))
    means = {name: accuracy(np.concatenate(parts), "one target") for name, parts in found.items()}
    return [as_figure(f"mri_{name}", means[name], means["regression"].mean) for name in means]


def as_figure(what: str, found: Figure, reference: float) -> dict[str, Any]:
    interval = (found.mean - found.interval, found.mean + found.interval)
    return figure(what, found.mean, reference, "%", n=found.episodes, interval=interval, smaller_is_better=False)
