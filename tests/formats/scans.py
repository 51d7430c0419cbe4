"""Small NIfTI data sets written with nibabel, for the tests of formats."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np

LPS = np.array([[-2.0, 0, 0, 90], [0, -2, 0, 120], [0, 0, 3, -70], [0, 0, 0, 1]])
SHAPE = (6, 5, 4)


def save(path: Path, array: np.ndarray, affine: np.ndarray = LPS) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    nib.save(nib.Nifti1Image(array, affine), path)
    return path


def image(channels: int = 2, dtype: type = np.int16, shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    return (1 + np.arange(np.prod(shape) * channels).reshape(*shape, channels) % 97).astype(dtype)


def label(shape: tuple[int, ...] = SHAPE) -> np.ndarray:
    array = np.zeros(shape, np.uint8)
    array[1:3, 1:3, 1:3] = 1
    array[3, 3, 3] = 2
    return array


def dataset(folder: Path, names: tuple[str, ...] = ("a", "b"), **changes: object) -> Path:
    """An MSD data set of two channels (FLAIR, T1w) and labels 1 edema, 2 core; ``changes`` go into dataset.json."""
    for name in names:
        save(folder / f"imagesTr/{name}.nii.gz", image())
        save(folder / f"labelsTr/{name}.nii.gz", label())
    facts = {
        "modality": {"0": "FLAIR", "1": "T1w"},
        "labels": {"0": "background", "1": "edema", "2": "core"},
        "training": [{"image": f"./imagesTr/{n}.nii.gz", "label": f"./labelsTr/{n}.nii.gz"} for n in names],
        "test": [],
    }
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "dataset.json").write_text(json.dumps(facts | changes))
    return folder
