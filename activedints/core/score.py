"""From maps to one number per case (the Score), to the spots a reader should look at, and to plain words.

Higher is always more worth annotating. Every reduction looks at the brain alone, so that neither a tight crop nor
padding with air changes it.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.core.volume import Affine, spacing, voxel_millilitres

Map = npt.NDArray[np.floating]
Mask = npt.NDArray[np.bool_]

SOFT_MILLILITRES = 1.0
"""Added to the predicted volume, so that an empty prediction gives a finite Score."""
BOX_MILLILITRES = 8.0
"""Volume of the box that ``box_maximum`` looks through: a cube of 2 cm."""
SMALLEST_MILLILITRES = 0.1
"""An uncertain place under this, a dozen voxels of 2 mm, is not worth a reader's walk to it."""


@dataclass(frozen=True)
class Spot:
    """A connected uncertain place: centre in RAS mm, volume in mL, mean uncertainty, the label that is unsure there."""

    mm: tuple[float, float, float]
    millilitres: float
    uncertainty: float
    label: str


@dataclass(frozen=True)
class Draft:
    """What a model says of one case: ``probability`` (class, x, y, z), ``brain`` (x, y, z), mL of a voxel."""

    probability: Map
    brain: Mask
    voxel_ml: float

    @cached_property
    def foreground(self) -> Map:
        """Probability of any foreground (x, y, z)."""
        return 1.0 - self.probability[0].astype(np.float32)

    @cached_property
    def drawn(self) -> list[Mask]:
        """Voxels (x, y, z) drafted with each foreground class; where there are none, the one that comes nearest."""
        found = []
        chosen = self.probability.argmax(axis=0)
        for index in range(1, self.probability.shape[0]):
            mask = (chosen == index) & self.brain
            if not mask.any():
                likely = np.where(self.brain, self.probability[index], -1.0)
                mask[np.unravel_index(int(likely.argmax()), likely.shape)] = True
            found.append(mask)
        return found


def over_draft(measure: Map, draft: Draft) -> float:
    """Mean over the labels of the map's mean over what is drafted with each: how unsure the model is of its own
    drawing, a small label counting as much as a large one. A label drafted nowhere counts by its likeliest voxel.

    >>> sure, unsure = Draft(np.array([[[[0.1]]], [[[0.9]]]]), np.ones((1, 1, 1), bool), 1.0), np.full((1, 1, 1), 0.3)
    >>> over_draft(unsure, sure)
    0.3
    """
    if not draft.brain.any():
        return 0.0
    return float(np.mean([measure[mask].mean(dtype=np.float64) for mask in draft.drawn]))


def mean_over_brain(measure: Map, draft: Draft) -> float:
    """Mean of a map over the brain: the usual reduction; ranks large tumours first."""
    return float(measure[draft.brain].mean()) if draft.brain.any() else 0.0


def per_predicted_volume(measure: Map, draft: Draft) -> float:
    """Summed uncertainty per mL of predicted foreground; SOFT_MILLILITRES keeps an empty prediction finite."""
    uncertain = float(measure[draft.brain].sum()) * draft.voxel_ml
    predicted = float(draft.foreground[draft.brain].sum()) * draft.voxel_ml
    return uncertain / (predicted + SOFT_MILLILITRES)


def foreground_weighted(measure: Map, draft: Draft) -> float:
    """Mean of a map weighted by the probability of any foreground."""
    weight = float(draft.foreground[draft.brain].sum())
    return float((measure * draft.foreground)[draft.brain].sum() / weight) if weight > 0 else 0.0


def top_fraction(measure: Map, draft: Draft, fraction: float = 0.01) -> float:
    """Mean of the most uncertain hundredth of the brain."""
    values = measure[draft.brain]
    if not values.size:
        return 0.0
    count = max(1, int(values.size * fraction))
    return float(np.partition(values, values.size - count)[-count:].mean())


def box_maximum(measure: Map, draft: Draft) -> float:
    """Largest mean over a box of BOX_MILLILITRES (mean filter); air counts as certain, so that no edge is rewarded."""
    inside = np.where(draft.brain, measure, 0.0).astype(np.float64)
    if not draft.brain.any():
        return 0.0
    side = max(1, round((BOX_MILLILITRES / draft.voxel_ml) ** (1 / 3)))
    room = [(side, side)] * 3  # the box may reach beyond the array, which is air as well
    return max(0.0, float(ndimage.uniform_filter(np.pad(inside, room), side, mode="constant").max()))


REDUCTIONS = {
    "over_draft": over_draft,
    "per_predicted_volume": per_predicted_volume,
    "mean_over_brain": mean_over_brain,
    "foreground_weighted": foreground_weighted,
    "top_fraction": top_fraction,
    "box_maximum": box_maximum,
}
DEFAULT_REDUCTION = "over_draft"
"""Ranks cases by their true error best, and not by size (docs/figures.md, "The Score")."""


def self_dice_doubt(probability: Map, brain: Mask) -> float:
    """1 - soft Dice of the prediction with its own most probable labels, mean over the foreground classes.

    ``probability`` (class, x, y, z). 0 for a prediction that is sure of every voxel; an expected Dice loss if the
    probabilities are calibrated. Classes predicted nowhere count by their soft mass alone.
    """
    hard = probability.argmax(axis=0)
    doubts = []
    for index in range(1, probability.shape[0]):
        soft, chosen = probability[index][brain], hard[brain] == index
        total = float(soft.sum()) + float(chosen.sum())
        doubts.append(1.0 - 2.0 * float(soft[chosen].sum()) / total if total > 1.0 else 0.0)
    return float(np.mean(doubts))


def draw_dice_doubt(class_variance: Map, probability: Map, brain: Mask) -> float:
    """1 - expected soft Dice of a Draw with the mean of all Draws, mean over the foreground classes.

    ``class_variance`` (class - 1, x, y, z) and the mean ``probability`` (class, x, y, z). With the Dice of squared
    denominators (Milletari et al., 3DV 2016) and sums averaged over the Draws before they are divided, it needs no
    Draw again: E[sum p_t p̄] = sum p̄^2 and E[sum p_t^2] = sum p̄^2 + sum Var.

    >>> draw_dice_doubt(np.full((1, 1, 1, 1), 0.25), np.full((2, 1, 1, 1), 0.5), np.ones((1, 1, 1), bool))
    0.3333333333333333
    """
    doubts = []
    for variance, mean in zip(class_variance, probability[1:]):
        squares, spread = float((mean[brain] ** 2).sum(dtype=np.float64)), float(variance[brain].sum(dtype=np.float64))
        doubts.append(spread / (2 * squares + spread) if squares + spread > 0 else 0.0)
    return float(np.mean(doubts))


def border_of(found: Mask) -> Mask:
    """The border of a mask: its voxels with a neighbour outside and their neighbours there (nnActive's border)."""
    if not found.any():
        return found
    border: Mask = ndimage.binary_dilation(found) & ~ndimage.binary_erosion(found)
    return border


def class_score(label: str) -> str:
    """Name of the Score of one class' share of the entropy, H[p̄] * p̄_c."""
    return f"class_entropy:{label}"


def case_scores(
    maps: dict[str, Map],
    probability: Map,
    brain: Mask,
    affine: Affine,
    labels: tuple[str, ...] = (),
    class_variance: Map | None = None,
) -> dict[str, float]:
    """Every Score of one case: each measure by each reduction (``measure/reduction``), each foreground class' entropy
    (``labels`` are their names), ``expected_dice_loss``, with Draws ``draw_dice_loss``, and what was predicted in mL.
    """
    draft = Draft(probability, brain, voxel_millilitres(affine))
    scores = {
        f"{measure}/{name}": reduce(array, draft)
        for measure, array in maps.items()
        for name, reduce in REDUCTIONS.items()
    }
    for index, label in enumerate(labels, start=1):
        share = maps["entropy"] * probability[index]
        scores[f"{class_score(label)}/{DEFAULT_REDUCTION}"] = REDUCTIONS[DEFAULT_REDUCTION](share, draft)
    scores["expected_dice_loss"] = self_dice_doubt(probability, brain)
    if class_variance is not None:
        scores["draw_dice_loss"] = draw_dice_doubt(class_variance, probability, brain)
    scores["predicted_ml"] = float(draft.foreground[brain].sum()) * draft.voxel_ml
    scores["minus_log_predicted_ml"] = -float(np.log(scores["predicted_ml"] + SOFT_MILLILITRES))
    return scores | predicted_extent(probability, brain, draft.voxel_ml)


def predicted_extent(probability: Map, brain: Mask, voxel_ml: float) -> dict[str, float]:
    """``foreground_ml`` and ``border_ml``: mL of predicted foreground and of its border, in the brain."""
    found = (probability.argmax(axis=0) > 0) & brain
    border = border_of(found) & brain
    return {"foreground_ml": float(found.sum()) * voxel_ml, "border_ml": float(border.sum()) * voxel_ml}


def uncertain_spots(
    measure: Map, probability: Map, brain: Mask, affine: Affine, names: tuple[str, ...], at_most: int = 12
) -> list[Spot]:
    """Connected places above half of the map's maximum in the brain, ranked by volume x mean uncertainty.

    Places under SMALLEST_MILLILITRES are noise to a reader and left out, unless there is nothing larger.
    ``names`` are the class names in class order; a Spot is named after the likeliest foreground class inside it.
    The mm position is the voxel of the place that is nearest to its centre: the most uncertain one may lie at an end,
    across the midline from nearly all of it, and the Spot would be named after the wrong side.
    """
    inside = np.where(brain, measure, 0.0)
    peak = float(inside.max(initial=0.0))
    if peak <= 0:
        return []
    places, _ = ndimage.label(inside >= 0.5 * peak)
    voxel_ml = voxel_millilitres(affine)
    spots = []
    for place, window in enumerate(ndimage.find_objects(places), start=1):
        member = places[window] == place
        values = inside[window][member]
        corner = np.array([s.start for s in window])
        voxel = corner + _nearest_to_centre(np.argwhere(member), values, affine)
        likely = int(probability[(slice(1, None), *window)][:, member].mean(axis=1).argmax()) + 1
        x, y, z = (affine @ np.append(voxel, 1.0))[:3].tolist()
        spots.append(Spot((x, y, z), float(member.sum()) * voxel_ml, float(values.mean()), names[likely]))
    spots.sort(key=lambda spot: -spot.millilitres * spot.uncertainty)
    worth_a_look = [spot for spot in spots if spot.millilitres >= SMALLEST_MILLILITRES]
    return worth_a_look[:at_most] or spots[:1]


def _nearest_to_centre(voxels: npt.NDArray[np.int64], weight: Map, affine: Affine) -> npt.NDArray[np.int64]:
    """The one of ``voxels`` (n, 3) that is nearest in mm to their mean by ``weight`` (n,)."""
    away = (voxels - np.average(voxels, axis=0, weights=weight)) * spacing(affine)
    return np.asarray(voxels[int((away**2).sum(axis=1).argmin())])


def ordinal(number: int) -> str:
    """1 -> '1st', 2 -> '2nd', 11 -> '11th'."""
    suffix = "th" if number % 100 in (11, 12, 13) else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{suffix}"


def reason(rank: int, of: int, spots: list[Spot], instead: str = "") -> str:
    """Why a case is in the worklist, in plain words; ``instead`` of its doubts where no Score chose it."""
    place = f"{ordinal(rank)} of {of}"
    if instead:
        return f"{place}: {instead}"
    if not spots:
        return f"{place}: the model is sure of every voxel it can see here"
    volume = sum(spot.millilitres for spot in spots)
    places = "one place" if len(spots) == 1 else f"{len(spots)} places"
    return f"{place}: {spots[0].label} is unsure, {volume:.1f} mL of doubt in {places}"
