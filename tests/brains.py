"""A tiny MSD data set of blobs in ellipsoids, for tests of the whole loop: trains in seconds, oblique on request."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np

SIZE = (24, 28, 20)
LPS = np.array([[-2.0, 0, 0, 24], [0, -2, 0, 28], [0, 0, 2, -20], [0, 0, 0, 1]])


def brain(seed: int, size: tuple[int, int, int] = SIZE) -> tuple[np.ndarray, np.ndarray]:
    """An image (x, y, z, 2) int16 and its labels: 1 a bright ball, 2 its brighter core; zero outside the ellipsoid."""
    random = np.random.default_rng(seed)
    grid = np.stack(np.meshgrid(*(np.arange(n) for n in size), indexing="ij")).astype(float)
    middle = np.array(size)[:, None, None, None] / 2
    inside = (((grid - middle) / (middle * 0.9)) ** 2).sum(0) < 1
    centre = middle + random.uniform(-3, 3, (3, 1, 1, 1))
    distance = np.sqrt(((grid - centre) ** 2).sum(0))
    label = (np.where(distance < 3, 2, np.where(distance < 6, 1, 0)) * inside).astype(np.uint8)
    image = np.stack([100 + 60.0 * (label > 0), 80 + 70.0 * (label == 2)], axis=-1)
    image = (image + random.normal(0, 8, image.shape)) * inside[..., None]
    return image.astype(np.int16), label


def write_dataset(folder: Path, cases: int = 6, affine: np.ndarray = LPS, size: tuple[int, int, int] = SIZE) -> Path:
    """``cases`` brains in MSD layout, called brain_0 ...; channels FLAIR and T1w, labels edema and core."""
    entries = []
    for kind in ("imagesTr", "labelsTr"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    for seed in range(cases):
        image, label = brain(seed, size)
        name = f"brain_{seed}"
        nib.save(nib.Nifti1Image(image, affine), folder / "imagesTr" / f"{name}.nii.gz")
        nib.save(nib.Nifti1Image(label, affine), folder / "labelsTr" / f"{name}.nii.gz")
        entries.append({"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"})
    facts = {
        "modality": {"0": "FLAIR", "1": "T1w"},
        "labels": {"0": "background", "1": "edema", "2": "core"},
        "training": entries,
    }
    (folder / "dataset.json").write_text(json.dumps(facts))
    return folder
