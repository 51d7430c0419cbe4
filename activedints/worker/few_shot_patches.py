"""Episodes of tissue: patches around the annotated voxels of an experiment's own scans."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from activedints.core.cycle import Role
from activedints.core.errors import InvalidLabels, NotFound
from activedints.core.experiment import ExperimentSettings
from activedints.core.job import Report
from activedints.core.settings import LabelSet
from activedints.core.volume import LabelMap, Volume
from activedints.formats.nifti import read_labelmap
from activedints.loop import experiments, turns
from activedints.nas.few_shot.episodes import EpisodePlan, Episodes, ImageClasses, gather
from activedints.nas.few_shot.patches import PatchSettings, scan_classes
from activedints.store import annotations, cases
from activedints.store.database import Store
from activedints.store.schema import Annotation, Case
from activedints.worker.gather import read_scan

Annotated = tuple[Case, Annotation]
PATCHES, FEWEST_SCANS = 40, 4
"""Patches a kind and scan that a learner of tissue is trained on, and the scans that it takes."""


@dataclass(frozen=True)
class PatchEpisode:
    """One episode whose classes are ``kinds`` of tissue, and where its images come from in words."""

    episode: Episodes
    kinds: list[str]
    channels: list[str]
    note: str


def patch_episode(store: Store, shot: int, target: int, plane: str, generator: np.random.Generator) -> PatchEpisode:
    """Support from one annotated scan, targets from another where two show the same kinds of tissue.

    Learning cases only: holdout and calibration are not shown. NotFound where no scan shows two kinds.
    """
    settings, rows = annotated(store)
    wanted = PatchSettings(settings.channels, plane, per_class=shot + target)
    order = [rows[index] for index in generator.permutation(len(rows))]
    order.sort(key=lambda row: -annotated_kinds(store, row[1], settings.labels, wanted.per_class))
    pair = first_pair(scans_with_kinds(store, order, settings, wanted, generator))
    if not pair:
        raise NotFound(
            f"None of {len(rows)} annotated scan(s) shows two kinds of tissue with {shot + target} voxels each: "
            "annotate one more case, or ask for fewer examples."
        )
    near, far = pair[0], pair[-1]
    kinds = shared(near, far)
    parts = [part.subset([kind_names(part).index(kind) for kind in kinds]).images for part in (near, far)]
    both = ImageClasses(np.concatenate([parts[0][:, :shot], parts[1][:, shot:]], 1), tuple(kinds))
    classes = np.arange(len(kinds))[None]
    examples = np.tile(np.arange(shot + target), (1, len(kinds), 1))
    episode = gather(both, EpisodePlan(classes, np.zeros_like(classes), examples, shot))
    first, last = (part.names[0].rpartition("/")[0] for part in (near, far))
    where = f"Examples from {first}, targets from {last}" if first != last else f"Examples and targets from {first}"
    note = f"{where}; {wanted.plane} patches of {wanted.extent:.0f} mm."
    return PatchEpisode(episode, kinds, list(settings.channels), note)


def annotated(store: Store) -> tuple[ExperimentSettings, list[Annotated]]:
    """The active experiment's settings and its annotated learning cases."""
    with store.read() as session:
        experiment = experiments.active(session)
        newest = annotations.newest_of_each(session, experiment.id)
        rows = [(c, newest[c.id]) for c in cases.members(session, experiment.id, Role.LEARNING) if c.id in newest]
        return turns.settings_of(experiment), rows


def patch_sets(store: Store, seed: int, report: Report) -> tuple[ImageClasses, ImageClasses]:
    """Patches of the annotated learning cases, to learn tissue from and, of two or more others, to measure it on.

    A quarter of the scans, two at least, are kept apart by the seed. NotFound for fewer than four usable scans.
    """
    settings, rows = annotated(store)
    rng = np.random.default_rng(seed)
    rows = [rows[index] for index in rng.permutation(len(rows))]
    found = []
    for images in scans_with_kinds(store, rows, settings, PatchSettings(settings.channels, per_class=PATCHES), rng):
        found.append(images)
        report(len(found), len(rows), "cutting patches", None)
    if len(found) < FEWEST_SCANS:
        raise NotFound(
            f"{len(found)} of {len(rows)} annotated scan(s) show two kinds of tissue with {PATCHES} voxels each; to "
            f"learn tissue takes {FEWEST_SCANS}, two of them to measure it on: annotate more cases."
        )
    apart = max(2, len(found) // 4)
    return together(found[apart:]), together(found[:apart])


def together(parts: list[ImageClasses]) -> ImageClasses:
    return ImageClasses(np.concatenate([p.images for p in parts]), tuple(name for p in parts for name in p.names))


def annotated_kinds(store: Store, annotation: Annotation, labels: LabelSet, enough: int) -> int:
    """How many labels have enough voxels: scans that show most kinds of tissue are looked at first."""
    label = read_labelmap(store.files.path(annotation.file)).array
    return sum(int((label == value).sum()) >= enough for value in labels.values[1:])


def scans_with_kinds(
    store: Store, rows: list[Annotated], settings: ExperimentSettings, wanted: PatchSettings, rng: np.random.Generator
) -> Iterator[ImageClasses]:
    """Patches of each scan that shows two kinds of tissue or more, read one after the other."""
    for case, annotation in rows:
        scan = read_scan(store, case, settings.channels)
        label = LabelMap(read_labelmap(store.files.path(annotation.file)).array, scan.affine)
        volume = Volume(scan.image, scan.affine, settings.channels)
        try:
            found = scan_classes(case.name, volume, label, settings.labels, wanted, rng)
        except InvalidLabels:
            continue  # one kind of tissue only: another scan may show more
        yield found


def first_pair(scans: Iterator[ImageClasses]) -> list[ImageClasses]:
    """The first scan and the first after it that shares two kinds with it; the first alone, or nothing."""
    near = next(scans, None)
    if near is None:
        return []
    far = next((other for other in scans if len(shared(near, other)) >= 2), None)
    return [near, far] if far else [near]


def kind_names(classes: ImageClasses) -> list[str]:
    return [name.rpartition("/")[2] for name in classes.names]


def shared(near: ImageClasses, far: ImageClasses) -> list[str]:
    """Kinds of tissue that both show, in the first one's order."""
    return [kind for kind in kind_names(near) if kind in kind_names(far)]
