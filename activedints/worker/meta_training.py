"""Training a few-shot learner again: the durable job, and what the command line shares with it."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

from activedints.core.job import Report
from activedints.loop import learners
from activedints.store.database import Session, Store
from activedints.store.schema import Job

EVALUATED = 200
"""Episodes that a learner trained here is measured on."""


def meta_train(job: Job, store: Store, report: Report) -> Callable[[Session], dict[str, Any]]:
    """Follow ``arguments['recipe']`` on ``arguments['data']``; the job's result holds the weights' file and the card.

    Imports happen inside: a child that trains a segmentation never loads this study.
    """
    report(0, 1, "Reading the images")
    from activedints.nas.few_shot import meta_checkpoint, recipes
    from activedints.nas.few_shot.recipes import PATCHES
    from activedints.worker.few_shot import one_thread
    from activedints.worker.few_shot_patches import annotated, patch_sets

    recipe, data, seed = (job.arguments[name] for name in ("recipe", "data", "seed"))
    folder = learners.omniglot_folder(store) if data == "omniglot" else None
    background, evaluation = patch_sets(store, seed, report) if data == PATCHES else read_set(data, folder)
    with one_thread():
        made = recipes.train(recipe, background, data, seed, report)
        if data == PATCHES:
            made.made["channels"] = list(annotated(store)[0].channels)
        report(0, 1, "Measuring it on classes that it never saw")
        made.made["figures"] = recipes.figures(made, evaluation, EVALUATED, report)
    path = store.folder / "jobs" / str(job.id)
    path.mkdir(parents=True, exist_ok=True)
    meta_checkpoint.save_weights(made, path / "learner.safetensors")

    def finish(session: Session) -> dict[str, Any]:
        weights = store.files.add(session, path / "learner.safetensors", ".safetensors")
        return {"weights": weights, "card": meta_checkpoint.card(made)}

    return finish


def read_set(data: str, folder: Path | None) -> tuple[Any, Any]:
    """Background and evaluation classes of a set by name; Omniglot from ``folder``."""
    from activedints.core.errors import NotFound
    from activedints.nas.few_shot import glyphs, omniglot

    if data == "glyphs":
        return glyphs.read()
    if data == "omniglot" and folder is not None:
        return omniglot.read(folder)
    raise NotFound(f"There is no few-shot set '{data}'; there are glyphs and omniglot.")
