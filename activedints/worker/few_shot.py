"""What the warm child answers to the few-shot page: an episode's images, and its adaptation step by step.

Images travel as base64 of uint8, ``(image, channel, 28, 28)``, class by class; ink is bright on 0.
"""

import base64
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from activedints.core.cycle import Role
from activedints.core.errors import InvalidFile, InvalidLabels, InvalidSettings, NotFound
from activedints.core.volume import LabelMap, Volume
from activedints.formats.nifti import read_labelmap
from activedints.loop import experiments, learners, turns
from activedints.nas.few_shot import episode_trace, glyph_pack, meta_checkpoint, omniglot
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import (
    SIZE,
    EpisodePlan,
    Episodes,
    ImageClasses,
    check_drawing,
    gather,
    plan,
)
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import Search
from activedints.nas.few_shot.patches import PatchSettings, scan_classes
from activedints.store import annotations, cases
from activedints.store.database import Store
from activedints.worker.gather import read_scan

Facts = dict[str, Any]
Tell = Callable[[Facts], None]
MOST_WAYS, MOST_IMAGES = 20, 400


def answer_page(store: Store, question: Facts, tell: Tell) -> Facts:
    """The answer to one question of the page: ``ask`` is "episode" or "adapt"."""
    with one_thread():
        return {"episode": deal, "adapt": adapt}[question.pop("ask")](store, question, tell)


@contextmanager
def one_thread() -> Iterator[None]:
    """These networks are small: a second thread makes them slower, not faster."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)


def deal(store: Store, question: Facts, tell: Tell) -> Facts:
    """An episode drawn by ``seed`` from ``source``: glyphs, omniglot, or patches of the experiment's own scans."""
    way, shot, target, seed = (int(question[name]) for name in ("way", "shot", "target", "seed"))
    if not 2 <= way <= MOST_WAYS or shot < 1 or target < 1 or way * max(shot, target) > MOST_IMAGES:
        raise InvalidSettings(
            f"An episode here has 2 to {MOST_WAYS} classes and at most {MOST_IMAGES} images; asked for {way} x {shot}."
        )
    generator = np.random.default_rng(seed)
    if question["source"] == "patches":
        return patch_episode(store, question, generator)
    images = characters(question["source"], store)
    wanted = plan(images, way, shot, target, 1, generator)
    names = [images.names[number].removeprefix("images_evaluation/") for number in wanted.classes[0]]
    return packed(gather(images, wanted), names, ["ink"], "Characters that no learner here was trained on.")


def characters(source: str, store: Store) -> ImageClasses:
    """Evaluation classes of a set."""
    if source == "glyphs":
        return kept_glyphs()
    if source == "omniglot":
        return kept_omniglot(learners.omniglot_folder(store))
    raise NotFound(f"There is no few-shot set '{source}'; there are glyphs, omniglot and patches.")


@cache
def kept_glyphs() -> ImageClasses:
    return glyph_pack.read()


@cache
def kept_omniglot(folder: Path) -> ImageClasses:
    return omniglot.read(folder)[1]


def patch_episode(store: Store, question: Facts, generator: np.random.Generator) -> Facts:
    """Kinds of tissue around annotated voxels: support from one scan, targets from another where there are two."""
    shot, target = int(question["shot"]), int(question["target"])
    with store.read() as session:
        experiment = experiments.active(session)
        settings = turns.settings_of(experiment)
        newest = annotations.newest_of_each(session, experiment.id)
        learning = [c for c in cases.members(session, experiment.id, Role.LEARNING) if c.id in newest]
    found: list[ImageClasses] = []
    for index in generator.permutation(len(learning)):
        case = learning[index]
        scan = read_scan(store, case, settings.channels)
        label = LabelMap(read_labelmap(store.files.path(newest[case.id].file)).array, scan.affine)
        wanted = PatchSettings(settings.channels, str(question.get("plane", "axial")), per_class=shot + target)
        try:
            volume = Volume(scan.image, scan.affine, settings.channels)
            found.append(scan_classes(case.name, volume, label, settings.labels, wanted, generator))
        except InvalidLabels:
            continue  # this scan shows one kind of tissue only; another may show more
        kinds = shared_kinds(found)
        if len(found) == 2 and len(kinds) >= 2:
            break
        found = found[:1]
    if not found:
        raise NotFound(
            f"None of {len(learning)} annotated scan(s) shows two kinds of tissue with {shot + target} voxels each: "
            "annotate one more case, or ask for fewer examples."
        )
    kinds = shared_kinds(found)
    pair = [part.subset([kind_names(part).index(kind) for kind in kinds]) for part in (found[0], found[-1])]
    both = ImageClasses(np.concatenate([pair[0].images[:, :shot], pair[1].images[:, shot:]], 1), tuple(kinds))
    classes = np.arange(len(kinds))[None]
    examples = np.tile(np.arange(shot + target), (1, len(kinds), 1))
    episode = gather(both, EpisodePlan(classes, np.zeros_like(classes), examples, shot))
    first, last = (part.names[0].split("/")[0] for part in pair)
    where = f"Examples from {first}, targets from {last}" if first != last else f"Examples and targets from {first}"
    return packed(
        episode, kinds, list(settings.channels), f"{where}; {wanted.plane} patches of {wanted.extent:.0f} mm."
    )


def kind_names(classes: ImageClasses) -> list[str]:
    return [name.rpartition("/")[2] for name in classes.names]


def shared_kinds(found: list[ImageClasses]) -> list[str]:
    """Kinds of tissue that all of these scans show, in the first one's order."""
    return [kind for kind in kind_names(found[0]) if all(kind in kind_names(other) for other in found)]


def packed(episode: Episodes, names: list[str], channels: list[str], note: str) -> Facts:
    """An episode (the first of a batch) as JSON holds it."""
    images = {name: as_bytes(part[0]) for name, part in (("support", episode.support), ("target", episode.target))}
    return {"names": names, "channels": channels, "labels": episode.target_labels.tolist(), "note": note, **images}


def as_bytes(images: torch.Tensor) -> str:
    return base64.b64encode((255 * images).round().to(torch.uint8).numpy().tobytes()).decode()


def adapt(store: Store, question: Facts, tell: Tell) -> Facts:
    """Adapt ``learner`` to the episode in the question; every step is told at once."""
    checkpoint = learner(store, str(question["learner"]))
    episode = question["episode"]
    names, channels = tuple(map(str, episode["names"])), len(episode["channels"])
    if not 2 <= len(names) <= MOST_WAYS:
        raise InvalidSettings(f"An episode has 2 to {MOST_WAYS} classes; this one has {len(names)}.")
    support, target = (unpacked(str(episode[part]), channels, part) for part in ("support", "target"))
    if len(support) % len(names) or not len(target):
        raise InvalidSettings(
            f"{len(support)} examples do not divide among {len(names)} classes, or there is nothing to tell: "
            "give every class the same number of examples, and one target or more."
        )
    if episode.get("drawn"):
        for what, images in (("an example", support), ("a target", target)):
            for image in images[:, 0]:
                check_drawing(image, what)
    labels = torch.tensor(episode["labels"]) if episode.get("labels") else None
    pixels = [torch.from_numpy(part).float().div_(255) for part in (support, target)]
    fitted = fit(checkpoint, len(names), question)
    return episode_trace.adapt(fitted, *pixels, names, labels, on_step=lambda step: tell({"step": step}))


def fit(checkpoint: MetaCheckpoint, way: int, question: Facts) -> MetaCheckpoint:
    """The checkpoint with the page's number of steps and end of the annealing; a linear head must have its classes."""
    steps, end = question.get("steps"), question.get("temperature")
    adapting = checkpoint.adapting
    if isinstance(adapting, Search):
        if end is not None:
            adapting = replace(adapting, annealing=replace(adapting.annealing, end=float(end)))
        if steps is not None:
            adapting = replace(adapting, steps=int(steps))
    elif isinstance(adapting, Adaptation) and steps is not None and adapting.head == "linear":
        adapting = replace(adapting, steps=int(steps))
    head = checkpoint.params.get("head.weight")
    if head is not None and adapting.head == "linear" and len(head) != way:
        raise InvalidSettings(
            f"{checkpoint.learner} learned a head for {len(head)} classes and this episode has {way}: "
            f"choose {len(head)} classes or another learner."
        )
    return replace(checkpoint, adapting=adapting)


def unpacked(text: str, channels: int, what: str) -> npt.NDArray[np.uint8]:
    """(image, channel, 28, 28) uint8; InvalidFile for bytes that are no whole images."""
    try:
        raw = base64.b64decode(text, validate=True)
    except ValueError:
        raise InvalidFile(f"The {what} images are no base64: send bytes of {SIZE} x {SIZE} grey values.") from None
    size = channels * SIZE * SIZE
    if not channels or len(raw) % size or len(raw) > MOST_IMAGES * size:
        raise InvalidFile(
            f"The {what} images have {len(raw)} bytes, which is no whole number (at most {MOST_IMAGES}) of images of "
            f"{channels} x {SIZE} x {SIZE}: resize them to {SIZE} x {SIZE} grey values."
        )
    return np.frombuffer(bytearray(raw), np.uint8).reshape(-1, channels, SIZE, SIZE)


def learner(store: Store, name: str) -> MetaCheckpoint:
    """A learner by the name that ``loop.learners.every`` gives it: shipped, or trained in this workspace."""
    found = learners.named(store, name)
    return kept_checkpoint(found.weights, found.card_text)


@cache
def kept_checkpoint(weights: Path, card: str) -> MetaCheckpoint:
    return meta_checkpoint.read(weights, json.loads(card))
