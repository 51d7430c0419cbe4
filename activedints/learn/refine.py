"""Local correction of a label map by a reader's scribble: a random walker with a prior in a small box.

Grady, "Multilabel random walker image segmentation using prior models", CVPR 2005: the probability x of "this is the
scribble's label" solves (L + G) x = G p, where L is the image's graph Laplacian (neighbours of like intensity hold
together), p the prior and G its weight. The prior is the label map that the reader sees, as sure as the model was, and
near the scribble drawn towards its label wherever the intensities are like those under it. Solved by SciPy's conjugate
gradients: the prior makes the system well conditioned, so that a 64^3 box takes a fraction of a second.
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage, sparse
from scipy.sparse.linalg import LinearOperator, cg

from activedints.core.errors import InvalidGeometry

Floats = npt.NDArray[np.floating]
Labels = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
Spacing = tuple[float, float, float]


@dataclass(frozen=True)
class RefineSettings:
    """How far a scribble reaches (mm, one standard deviation), how much unlike intensities part neighbours (``edges``),
    how strongly the prior holds (``hold``), and how far from the scribble's intensities still counts as like them, in
    standard deviations (``alike``)."""

    reach: float = 10.0
    edges: float = 6.0
    hold: float = 0.8
    alike: float = 1.5


def refine(
    image: Floats,
    label: Labels,
    drawn: Mask,
    value: int,
    spacing: Spacing,
    uncertainty: Floats | None = None,
    settings: RefineSettings = RefineSettings(),
) -> Labels:
    """The label map (x, y, z) of a box after a scribble that says "this is ``value``".

    ``image`` (channel, x, y, z) of any intensities; ``drawn`` (x, y, z) is where the scribble lies; ``uncertainty``
    (x, y, z) in 0..1, 0.3 everywhere if not known. Voxels only ever become ``value``, and only where they hang
    together with the scribble. InvalidGeometry for shapes that differ or an empty scribble.
    """
    if image.shape[1:] != drawn.shape or label.shape != drawn.shape or not drawn.any():
        raise InvalidGeometry(
            f"Image {image.shape}, label map {label.shape} and scribble {drawn.shape} must share one box, and "
            f"something must be drawn ({int(drawn.sum())} voxels): draw the stroke again."
        )
    normal = _standardised(image)
    doubt = np.full(label.shape, 0.3, np.float32) if uncertainty is None else uncertainty.astype(np.float32)
    prior = np.where(label == value, 1 - 0.5 * doubt, 0.5 * doubt)
    pull = _pull(normal, drawn, spacing, settings)
    walked = _walk(normal, prior + pull * (1 - prior), drawn, spacing, settings)
    places, _ = ndimage.label((walked > 0.5) & (label != value) | drawn)
    joined = np.isin(places, np.unique(places[drawn]))
    return np.where(joined, np.uint8(value), label).astype(np.uint8)


def _standardised(image: Floats) -> npt.NDArray[np.float32]:
    """Channels with mean 0 and standard deviation 1 over the box; a constant one is 0."""
    flat = image.reshape(image.shape[0], -1).astype(np.float32)
    spread = flat.std(axis=1, keepdims=True)
    normal = (flat - flat.mean(axis=1, keepdims=True)) / np.where(spread > 0, spread, 1)
    return normal.reshape(image.shape)


def _pull(image: Floats, drawn: Mask, spacing: Spacing, settings: RefineSettings) -> npt.NDArray[np.float32]:
    """Share in 0..1 by which a voxel is drawn to the scribble: near it, and alike to the voxels under it."""
    away = ndimage.distance_transform_edt(~drawn, sampling=spacing)
    under = image[:, drawn]
    spread = np.maximum(under.std(axis=1), 0.15)  # of the box's own: a short scribble knows little of its spread
    unlike = (((image - under.mean(axis=1)[:, None, None, None]) / spread[:, None, None, None]) ** 2).mean(0)
    return np.exp(-0.5 * unlike / settings.alike**2 - 0.5 * (away / settings.reach) ** 2).astype(np.float32)


def _walk(
    image: Floats, prior: Floats, drawn: Mask, spacing: Spacing, settings: RefineSettings
) -> npt.NDArray[np.float32]:
    """The random walker's probability (x, y, z) of the scribble's label."""
    hold = np.where(drawn.ravel(), 10.0, settings.hold).astype(np.float32)
    goal = np.where(drawn, 1.0, prior).astype(np.float32).ravel()
    system = (_laplacian(image, spacing, settings.edges) + sparse.diags(hold)).tocsr()
    inverse = 1 / system.diagonal()
    scaled = LinearOperator(system.shape, matvec=lambda v: inverse * v, dtype=np.float32)
    solved, _ = cg(system, hold * goal, x0=goal, rtol=1e-3, maxiter=60, M=scaled)
    return np.asarray(solved, np.float32).reshape(prior.shape)


def _laplacian(image: Floats, spacing: Spacing, edges: float) -> sparse.csr_array:
    """Graph Laplacian of the box, 6 neighbours; weights exp(-edges * squared difference), nearer axes bind more."""
    shape = image.shape[1:]
    size = int(np.prod(shape))
    degree = np.zeros(shape, np.float32)
    diagonals, offsets = [], []
    for axis in range(3):
        low, high = (tuple(cut if a == axis else slice(None) for a in range(3)) for cut in (slice(-1), slice(1, None)))
        unlike = ((image[(slice(None), *high)] - image[(slice(None), *low)]) ** 2).mean(0)
        weight = np.exp(-edges * unlike) * (min(spacing) / spacing[axis]) ** 2 + 1e-4
        degree[low] += weight
        degree[high] += weight
        across = np.zeros(shape, np.float32)
        across[low] = weight
        step = int(np.prod(shape[axis + 1 :]))
        diagonals.append(-across.ravel()[: size - step])
        offsets.append(step)
    return sparse.diags_array(
        [degree.ravel(), *diagonals, *diagonals], offsets=[0, *offsets, *(-o for o in offsets)]
    ).tocsr()
