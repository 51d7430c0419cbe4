"""Verbs of the few-shot study: metanas train, evaluate, adapt."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from activedints.cli.root import (
    JsonOption,
    SeedOption,
    WorkspaceOption,
    answer,
    app,
    open_store,
    progress_bar,
    untaken,
    writable,
)
from activedints.core.job import silent
from activedints.core.settings import MOST_EPISODES
from activedints.store.database import Store

if TYPE_CHECKING:
    from activedints.nas.few_shot.episodes import ImageClasses
    from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint

metanas = typer.Typer(help="Few-shot learners: MetaNAS, MAML, REPTILE, prototypes.", no_args_is_help=True)
app.add_typer(metanas, name="metanas")

DataOption = Annotated[
    str, typer.Option(help="glyphs; omniglot or patches (of the workspace); a folder that holds Omniglot.")
]
LearnerOption = Annotated[str, typer.Option(help="Of `metanas list` (default: its first), or a file NAME.safetensors.")]
WayOption = Annotated[int, typer.Option(min=2, help="Classes of an episode.")]


def _store(workspace: Path | None) -> Store:
    """A named workspace must be there; the usual one is made, for the shipped learners need nothing in it."""
    return open_store(workspace, make=workspace is None)


def classes_of(data: str, workspace: Path | None, seed: int = 0) -> "tuple[ImageClasses, ImageClasses]":
    """Background and evaluation classes by name or folder; the ``seed`` splits the scans of patches."""
    from activedints.loop.learners import omniglot_folder
    from activedints.worker.few_shot_patches import patch_sets
    from activedints.worker.meta_training import read_set

    if data == "patches":
        return patch_sets(_store(workspace), seed, silent)
    if data == "omniglot":
        return read_set(data, omniglot_folder(_store(workspace)))
    return read_set(data, None) if data == "glyphs" else read_set("omniglot", Path(data))


def learner_of(name: str, workspace: Path | None) -> "MetaCheckpoint":
    """A learner by name, or by its file."""
    from activedints.nas.few_shot import meta_checkpoint

    if name.endswith((".safetensors", ".json")):
        return meta_checkpoint.load(Path(name))
    from activedints.loop import learners

    known = {found.name: found for found in learners.shipped()}
    found = known.get(name or next(iter(known), "")) or learners.named(_store(workspace), name)
    return meta_checkpoint.read(found.weights, json.loads(found.card_text))


def said(figures: list[dict[str, Any]]) -> str:
    return "\n".join(
        f"{f['way']}-way {f['shot']}-shot, {f['network']}: {f['mean']:.1f} +- {f['interval']:.1f} % "
        f"({f['mode']}, n = {f['episodes']})"
        for f in figures
    )


@metanas.command("list")
def list_(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Learners that can adapt, with what they were made of."""
    from activedints.loop import learners

    rows = [{"name": f.name, "title": f.title, **f.made} for f in learners.every(_store(workspace))]
    lines = [f"{row['name']:24} {row['title']}" for row in rows]
    answer({"learners": rows}, as_json, "\n".join(lines) or "There is no learner yet.")


@metanas.command()
def train(
    out: Annotated[Path, typer.Option(help="NAME of the two files NAME.safetensors and NAME.json.")],
    recipe: Annotated[str, typer.Option(help="quick, maml, reptile, metanas, ...")] = "metanas",
    data: DataOption = "glyphs",
    seed: SeedOption = 0,
    share: Annotated[float, typer.Option(help="Share of the recipe's steps, for a smaller budget.")] = 1.0,
    episodes: Annotated[int, typer.Option(min=2, max=MOST_EPISODES, help="Of the evaluation afterwards.")] = 600,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Meta-train a learner by a recipe, here and now, and measure it on characters that it never saw."""
    from activedints.nas.few_shot import meta_checkpoint, recipes
    from activedints.worker.few_shot import one_thread

    background, evaluation = classes_of(data, workspace, seed)
    name = data if data in ("glyphs", "omniglot", "patches") else "omniglot"
    recipes.named(recipe, share)  # refused before a folder is made for it
    untaken(*meta_checkpoint.files_of(out))
    writable(out.parent)
    with progress_bar() as report, one_thread():
        made = recipes.train(recipe, background, name, seed, report, share)
        made.made["figures"] = recipes.figures(made, evaluation, episodes, report)
    weights, card = meta_checkpoint.save(made, out)
    facts = {"weights": str(weights), "card": str(card), **made.made}
    answer(facts, as_json, f"{weights} after {made.made['cpu_seconds']} CPU s.\n{said(made.made['figures'])}")


@metanas.command()
def evaluate(
    learner: LearnerOption = "",
    data: DataOption = "glyphs",
    way: WayOption = 5,
    episodes: Annotated[int, typer.Option(min=2, max=MOST_EPISODES)] = 600,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Accuracy of a learner on the fixed list of 1-shot episodes, with its interval, in both batch-norm modes."""
    from activedints.nas.few_shot import recipes
    from activedints.worker.few_shot import one_thread

    made = learner_of(learner, workspace)
    _, evaluation = classes_of(data, workspace)
    with progress_bar() as report, one_thread():
        found = recipes.figures(made, evaluation, episodes, report, way)
    answer({"learner": learner, "data": data, "figures": found}, as_json, said(found))


@metanas.command()
def adapt(
    images: Annotated[
        Path | None, typer.Option(help="One folder per class with 28 x 28 grey PNGs: the first is learned from.")
    ] = None,
    learner: LearnerOption = "",
    data: DataOption = "glyphs",
    way: WayOption = 5,
    shot: Annotated[int, typer.Option(min=1)] = 1,
    seed: SeedOption = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Adapt a learner to one episode: pictures of your own, or one drawn from a set by the seed."""
    import numpy as np

    from activedints.nas.few_shot import episode_trace, glyph_pack, pictures
    from activedints.nas.few_shot.episodes import gather, plan
    from activedints.worker.few_shot import fit, one_thread

    made = learner_of(learner, workspace)
    if images is not None:
        source = pictures.read_folder(images)
        way = len(source)
        wanted = pictures.in_order(source, shot)
    else:
        source = glyph_pack.read() if data == "glyphs" else classes_of(data, workspace)[1]
        wanted = plan(source, way, shot, 5, 1, np.random.default_rng(seed))
    batch, names = gather(source, wanted), tuple(source.names[number] for number in wanted.classes[0])
    with one_thread():
        found = episode_trace.adapt(fit(made, way, {}), batch.support[0], batch.target[0], names, batch.target_labels)
    answer(found, as_json, _in_words(found))


def _in_words(found: dict[str, Any]) -> str:
    first, last = found["steps"][0], found["steps"][-1]
    lines = [
        f"{found['learner']}, {found['way']}-way {found['shot']}-shot, {found['mode']}: "
        f"{100 * first['accuracy']:.0f} % before any step, {100 * last['accuracy']:.0f} % after {last['step']} "
        f"({found['seconds']:.1f} s)"
    ]
    if found["pruned"]:
        lines.append(f"pruned network: {100 * found['pruned']['accuracy']:.0f} %")
        for number, cell in enumerate(found["genotype"]):
            genes = ", ".join(f"node {g['node']} <- state {g['state']} by {g['operation']}" for g in cell)
            lines.append(f"cell {number}: {genes}")
    return "\n".join(lines)
