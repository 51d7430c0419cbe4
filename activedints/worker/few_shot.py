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

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound
from activedints.loop import learners
from activedints.nas.few_shot import episode_trace, glyph_pack, meta_checkpoint, omniglot
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.episodes import (
    SIZE,
    Episodes,
    ImageClasses,
    check_drawing,
    gather,
    plan,
)
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import Search
from activedints.store.database import Store
from activedints.worker.few_shot_patches import patch_episode

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
        found = patch_episode(store, shot, target, str(question.get("plane", "axial")), generator)
        return packed(found.episode, found.kinds, found.channels, found.note)
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
    check_channels(checkpoint, [str(channel) for channel in episode["channels"]])
    fitted = fit(checkpoint, len(names), question)
    return episode_trace.adapt(fitted, *pixels, names, labels, on_step=lambda step: tell({"step": step}))


def check_channels(checkpoint: MetaCheckpoint, channels: list[str]) -> None:
    """A learner of one channel reads any number, one after the other; one of several wants exactly its own."""
    own = checkpoint.made.get("channels", ["ink"])
    if checkpoint.network.channels > 1 and channels != own:
        raise InvalidSettings(
            f"{checkpoint.learner} reads {', '.join(own)} and this episode has {', '.join(channels)}: choose another "
            "learner, or patches of such scans."
        )


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
