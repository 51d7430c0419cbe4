"""Small image data sets, made from their names alone: what the table was measured on, and what a user's set looks like.

A data set belongs to a family (what its pictures show); its variants differ in what spoils them. Families, not data
sets, are held out when something is to be believed about new data.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache

import numpy as np
import numpy.typing as npt
import torch
from sklearn.datasets import load_digits
from torch.nn import functional as F

from activedints.core.errors import NotFound
from activedints.nas.few_shot import glyphs
from activedints.nas.measured import contents, mri
from activedints.nas.measured.drawing import SIDE
from activedints.nas.measured.nuisances import Nuisance

TRAIN, VALIDATION, TEST = 320, 240, 480
MRI_CASES = {"train": slice(0, 32), "validation": slice(32, 52), "test": slice(52, 96)}

Labels = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Part:
    """``images`` (image, y, x) float32, of mean 0 and deviation 1 over the training part; ``labels`` (image,)."""

    images: npt.NDArray[np.float32]
    labels: Labels

    def __len__(self) -> int:
        return len(self.labels)


@dataclass(frozen=True)
class ImageSet:
    name: str
    family: str
    classes: int
    train: Part
    validation: Part
    test: Part

    def support(self, number: int, rng: np.random.Generator) -> npt.NDArray[np.float32]:
        """(class, number, y, x) training images, drawn again where a class has fewer."""
        rows = [np.flatnonzero(self.train.labels == one) for one in range(self.classes)]
        drawn = [rng.permutation(np.resize(rng.permutation(own), max(number, len(own))))[:number] for own in rows]
        return self.train.images[np.stack(drawn)]


Source = Callable[[int], dict[str, tuple[npt.NDArray[np.floating], Labels]]]
"""A seed to the raw pictures (between 0 and 1, about) and classes of "train", "validation" and "test"."""


@dataclass(frozen=True)
class Recipe:
    """How a data set is made, and its title on a screen."""

    name: str
    family: str
    title: str
    source: Source
    nuisance: Nuisance = field(default_factory=Nuisance)


def drawn(content: contents.Content, classes: int) -> Source:
    """Pictures that a generator draws: as many of every class."""

    def source(seed: int) -> dict[str, tuple[npt.NDArray[np.floating], Labels]]:
        found = {}
        for number, (part, size) in enumerate((("train", TRAIN), ("validation", VALIDATION), ("test", TEST))):
            rng = np.random.default_rng((seed, number))
            labels = rng.permutation(np.arange(size) % classes)
            found[part] = content(rng, labels), labels
        return found

    return source


def cut(images: npt.NDArray[np.floating], labels: Labels, seed: int) -> dict[str, tuple[npt.NDArray, Labels]]:
    """Given pictures, dealt to the three parts."""
    order = np.random.default_rng(seed).permutation(len(labels))[: TRAIN + VALIDATION + TEST]
    parts = np.split(order, (TRAIN, TRAIN + VALIDATION))
    return {name: (images[rows], labels[rows]) for name, rows in zip(("train", "validation", "test"), parts)}


def digits(pick: tuple[int, ...] = tuple(range(10)), parity: bool = False) -> Source:
    """Handwritten digits of scikit-learn (UCI, CC BY 4.0), 8 x 8, enlarged; ``parity``: even or odd."""

    def source(seed: int) -> dict[str, tuple[npt.NDArray, Labels]]:
        bunch = load_digits()
        kept = np.isin(bunch.target, pick)
        large = F.interpolate(torch.tensor(bunch.images[kept])[:, None] / 16, (SIDE, SIDE), mode="bilinear")
        named = bunch.target[kept] % 2 if parity else np.searchsorted(pick, bunch.target[kept])
        return cut(large[:, 0].numpy(), named.astype(np.int64), seed)

    return source


def script(name: str, number: int = 10) -> Source:
    """Characters of a script, each drawn anew by a simulated hand."""

    def source(seed: int) -> dict[str, tuple[npt.NDArray, Labels]]:
        names, fields = glyphs.characters()
        rows = [row for row, text in enumerate(names) if text.startswith(name)]
        rows = np.random.default_rng(seed).permutation(rows)[:number]
        each = -(-(TRAIN + VALIDATION + TEST) // number)
        images = glyphs.draw(torch.from_numpy(fields[rows]), each, torch.Generator().manual_seed(seed))
        small = F.adaptive_avg_pool2d(images.flatten(0, 1).float() / 255, SIDE)[:, 0].numpy()
        return cut(small / small.max((1, 2), keepdims=True).clip(0.3), np.repeat(np.arange(number), each), seed)

    return source


def slices(question: mri.Question, mirror: str = "keep") -> Source:
    """Slices of the simulated cohort, no case in two parts, each with its mirror image; ``mirror`` "swap": which has
    the other class then, "none": no mirror images."""

    def source(seed: int) -> dict[str, tuple[npt.NDArray, Labels]]:
        found = {}
        for part, cases in MRI_CASES.items():
            images, labels = question(mri.read(), cases)
            if mirror != "none":
                other = 1 - labels if mirror == "swap" else labels
                images, labels = np.concatenate([images, images[:, :, ::-1]]), np.concatenate([labels, other])
            most = {"train": TRAIN, "validation": VALIDATION, "test": TEST}[part]
            order = np.random.default_rng((seed, len(part))).permutation(len(labels))[:most]
            found[part] = images[order], labels[order]
        return found

    return source


def built(recipe: Recipe, seed: int) -> ImageSet:
    """Draw, spoil, normalise."""
    raw = recipe.source(seed)
    spoilt = {
        name: (recipe.nuisance.apply(np.asarray(images, float), np.random.default_rng((seed, 9, place))), labels)
        for place, (name, (images, labels)) in enumerate(raw.items())
    }
    mean, deviation = spoilt["train"][0].mean(), spoilt["train"][0].std()
    parts = {
        n: Part(((images - mean) / deviation).astype(np.float32), labels) for n, (images, labels) in spoilt.items()
    }
    return ImageSet(recipe.name, recipe.family, int(parts["train"].labels.max()) + 1, **parts)


N = Nuisance
_S = contents.shapes
_C = contents.counted
_R = Recipe
CATALOGUE = (
    _R("digits", "digits", "Handwritten digits", digits(), N(noise=0.35)),
    _R("digits noisy", "digits", "Digits in heavy noise", digits(), N(noise=0.8)),
    _R("digits inverted", "digits", "Digits, half of them inverted", digits(), N(noise=0.2, inverted=True)),
    _R("digits coarse", "digits", "Digits of 5 x 5 pixels", digits(), N(noise=0.1, coarse=5)),
    _R("digits parity", "digits", "Even or odd digits", digits(parity=True), N(noise=0.3, hidden=1)),
    _R("digits blurred", "digits", "3, 5, 8 or 9, blurred", digits((3, 5, 8, 9)), N(noise=0.15, blur=1.5)),
    _R("latin", "glyphs", "Latin letters by a simulated hand", script("LATIN"), N(noise=0.5)),
    _R("greek noisy", "glyphs", "Greek letters in heavy noise", script("GREEK"), N(noise=0.7)),
    _R("cyrillic blurred", "glyphs", "Cyrillic letters, blurred", script("CYRILLIC"), N(noise=0.2, blur=2.0)),
    _R(
        "georgian inverted",
        "glyphs",
        "Georgian letters, half inverted",
        script("GEORGIAN"),
        N(noise=0.15, inverted=True),
    ),
    _R("arabic coarse", "glyphs", "Arabic letters of 6 x 6 pixels", script("ARABIC"), N(noise=0.15, coarse=6)),
    _R("tifinagh hidden", "glyphs", "Tifinagh letters behind patches", script("TIFINAGH"), N(noise=0.2, hidden=2)),
    _R("orientation", "textures", "Direction of waves", drawn(contents.orientation(0.2), 4), N(noise=0.8)),
    _R(
        "orientation noisy",
        "textures",
        "Direction of waves in heavy noise",
        drawn(contents.orientation(), 4),
        N(noise=1.1),
    ),
    _R("wavelength", "textures", "Length of waves", drawn(contents.wavelength, 4), N(noise=0.5)),
    _R("roughness", "textures", "Rough or smooth fields", drawn(contents.roughness, 4), N(noise=0.1)),
    _R("grain", "textures", "Direction of grain", drawn(contents.grain, 3), N(noise=0.15, inverted=True)),
    _R("weave", "textures", "Kinds of weave", drawn(contents.weave, 5), N(noise=0.4)),
    _R("shapes", "shapes", "Six filled shapes", drawn(_S(0.2), 6), N(noise=0.25)),
    _R("shapes noisy", "shapes", "Six shapes in heavy noise", drawn(_S(0.2), 6), N(noise=0.6)),
    _R("shapes turned", "shapes", "Six shapes, turned", drawn(_S(3.14, smallest=0.35), 6), N(noise=0.15)),
    _R("outlines", "shapes", "Six outlines", drawn(_S(0.4, outline=True), 6), N(noise=0.3)),
    _R("shapes inverted", "shapes", "Six shapes, half inverted", drawn(_S(0.6), 6), N(noise=0.2, inverted=True)),
    _R("shapes coarse", "shapes", "Six shapes of 6 x 6 pixels", drawn(_S(0.4), 6), N(noise=0.05, coarse=6)),
    _R("dots", "counting", "One to five dots", drawn(_C(), 5), N(noise=0.3)),
    _R("dots of sizes", "counting", "One to five dots of many sizes", drawn(_C(size=(0.1, 0.22)), 5), N(noise=0.1)),
    _R("bars", "counting", "One to four bars", drawn(_C(size=(0.2, 0.3), bars=True), 4), N(noise=0.35)),
    _R("dots among faint", "counting", "Bright dots among faint ones", drawn(_C(others=4), 4), N(noise=0.1)),
    _R("dots noisy", "counting", "One to four dots in heavy noise", drawn(_C(), 4), N(noise=0.35)),
    _R("dots inverted", "counting", "Two to five dots, half inverted", drawn(_C(2), 4), N(noise=0.05, inverted=True)),
    _R("MRI lesion", "mri", "Lesion in a FLAIR slice", slices(mri.lesion), N(noise=0.05)),
    _R("MRI lesion noisy", "mri", "Lesion in a noisy FLAIR slice", slices(mri.lesion), N(noise=0.4)),
    _R("MRI extent", "mri", "No, small or large lesion in a FLAIR slice", slices(mri.extent), N(noise=0.05)),
    _R("MRI side", "mri", "Side of a lesion in a T2 slice", slices(mri.side, "swap"), N(noise=0.1)),
    _R("MRI contrast", "mri", "Sequence of a noisy slice", slices(mri.contrast), N(noise=0.05)),
    _R("MRI plane", "mri", "Plane of a noisy slice", slices(mri.plane, "none"), N(noise=0.6)),
    _R("MRI height", "mri", "Height of a noisy T2 slice", slices(mri.height), N(noise=0.6)),
    _R("quadrant", "relations", "Corner of a disc among bars", drawn(contents.quadrant, 4), N(noise=0.3)),
    _R("larger", "relations", "Which disc is larger", drawn(contents.larger, 2), N(noise=0.6)),
    _R("mirrored", "relations", "Mirror symmetry", drawn(contents.mirrored, 2), N(noise=0.05)),
    _R("distance", "relations", "Distance of two dots", drawn(contents.apart, 3), N(noise=0.4)),
    _R("above", "relations", "Disc above or below a bar", drawn(contents.above, 2), N(noise=0.7)),
    _R("same", "relations", "Two figures alike or not", drawn(contents.same, 2), N(noise=0.1)),
    _R("gap", "curves", "Where a ring opens", drawn(contents.gap, 4), N(noise=0.6)),
    _R("bend", "curves", "Straight, bent or wavy", drawn(contents.bend, 3), N(noise=0.15)),
    _R("crossing", "curves", "Lines that cross or not", drawn(contents.crossing, 2), N(noise=0.25, inverted=True)),
    _R("corner", "curves", "Angle of two lines", drawn(contents.corner, 3), N(noise=0.4)),
    _R("swirl", "curves", "Sense of a spiral", drawn(contents.swirl, 2), N(noise=0.2)),
    _R("edge", "curves", "Kinds of boundary", drawn(contents.edge, 3), N(noise=0.6)),
    _R("brightness", "grey values", "Mean brightness", drawn(contents.brightness, 4), N(noise=0.1)),
    _R("variance", "grey values", "Contrast of a field", drawn(contents.spread_of_values, 4), N(noise=0.1)),
    _R("tails", "grey values", "Distribution of pixel values", drawn(contents.tails, 4), N(noise=0.05)),
    _R("bright share", "grey values", "Share of bright pixels", drawn(contents.bright_share, 4), N(noise=0.1)),
    _R("levels", "grey values", "Number of grey values", drawn(contents.levels, 4), N(noise=0.03)),
)
NAMES = tuple(recipe.name for recipe in CATALOGUE)
FAMILIES = tuple(dict.fromkeys(recipe.family for recipe in CATALOGUE))
THRICE = (
    "digits noisy",
    "georgian inverted",
    "tifinagh hidden",
    "wavelength",
    "roughness",
    "outlines",
    "shapes inverted",
    "bars",
    "MRI lesion",
    "MRI contrast",
    "larger",
    "gap",
    "corner",
    "tails",
)
"""Data sets on which every network is trained with three seeds: a quarter of them, every family."""


@cache
def image_set(name: str) -> ImageSet:
    """The data set of a name, always with the same pixels; NotFound for another name."""
    if name not in NAMES:
        raise NotFound(f"There is no data set '{name}' in the table; it knows {', '.join(NAMES)}.")
    place = NAMES.index(name)
    return built(CATALOGUE[place], 1000 + place)


def family_of(name: str) -> str:
    """The family of a known data set."""
    return CATALOGUE[NAMES.index(name)].family


def title_of(name: str) -> str:
    """What a screen calls a known data set."""
    return CATALOGUE[NAMES.index(name)].title
