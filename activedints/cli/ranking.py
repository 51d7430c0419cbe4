"""The verb that ranks architectures: rank."""

import json
import tempfile
from pathlib import Path
from typing import Annotated, Any

import typer

from activedints.cli.root import JsonOption, WorkspaceOption, answer, app, progress_bar, say, workspace_folder, writable
from activedints.core.errors import InvalidSettings
from activedints.core.ranking import DEFAULT, TRAINING_FREE, RankSettings

KEPT = ("benchmark", "licence", "pool", "dataset", "target", "selection", "reported", "figures", "protocols")


@app.command()
def rank(
    benchmark: Annotated[
        str, typer.Option(help="digits (embedded), nasbench201, nasbench101, or the path of a table of yours.")
    ] = "digits",
    folder: Annotated[Path | None, typer.Option(help="Folder of tables (default: nas/ of the workspace).")] = None,
    pool: Annotated[str, typer.Option(help="all, or live: those without dead branches.")] = "all",
    dataset: Annotated[str, typer.Option(help="Data set of the benchmark (default: its first).")] = "",
    features: Annotated[str, typer.Option(help="Groups of meta-features, with commas.")] = ",".join(TRAINING_FREE),
    regressor: Annotated[str, typer.Option(help="What predicts.")] = DEFAULT,
    design: Annotated[str, typer.Option(help="How the trained ones are chosen: random or space-filling.")] = "random",
    train_size: Annotated[int, typer.Option("--train-size", "-n", help="Architectures that are trained.")] = 172,
    train_sizes: Annotated[str, typer.Option(help="More train sizes to measure, with commas.")] = "",
    compare: Annotated[str, typer.Option(help="More regressors to measure, with commas.")] = "",
    seeds: Annotated[int, typer.Option(help="Random choices of the trained architectures.")] = 10,
    seed: Annotated[int, typer.Option(help="The first of them.")] = 0,
    queries: Annotated[int, typer.Option(help="Simulate searches of this many trained architectures (0: none).")] = 0,
    out: Annotated[
        Path | None, typer.Option(help="Folder for ranking.csv, model.json and study.json (everything).")
    ] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Rank a space of architectures from a handful of trained ones (MbML-NAS), and say how far to believe it."""
    from activedints.worker.studies import rank_architectures

    settings = RankSettings(
        benchmark=benchmark,
        folder=str(folder or workspace_folder(workspace).resolve() / "nas"),
        pool=pool,
        dataset=dataset,
        features=tuple(_listed(features)),
        regressor=regressor,
        design=design,
        train_size=train_size,
        train_sizes=tuple(_numbers(train_sizes)),
        compare=tuple(_listed(compare)),
        seeds=seeds,
        seed=seed,
        queries=queries,
    )
    if out is not None:
        writable(out)
    with progress_bar() as report:
        found = rank_architectures(settings, report)
    if out is not None:
        _write(out, found)
    view = found["view"]
    kept = {name: view[name] for name in KEPT} | {"top": [_row(row) for row in view["top"]]}
    shared = {name: found[name] for name in ("settings", "summary", "ceiling", "groups", "searches")}
    answer(kept | shared, as_json, _told(found))


def _listed(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _numbers(text: str) -> list[int]:
    words = _listed(text)
    if not all(word.isdecimal() for word in words):
        raise InvalidSettings(f"--train-sizes takes whole numbers with commas, such as 43,86,172; it got '{text}'.")
    return [int(word) for word in words]


def _row(row: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if name != "edges"}


def _told(found: dict[str, Any]) -> str:
    """The figures as a person reads them: over seeds, then the best predicted architectures."""
    view, lines = found["view"], []
    for row in found["summary"]:
        if row["train_size"] == view["train_size"] and row["regressor"] == view["regressor"]:
            interval = "" if row["low"] is None else f" ({row['low']:.3f} to {row['high']:.3f}, n = {row['n']})"
            lines.append(f"{row['what']:24} {row['mean']:8.3f}{interval}")
    best = [f"{row['rank']:4} {row['predicted']:8.3f}  {row['architecture']}" for row in view["top"]]
    head = (
        f"{view['benchmark']}, {view['dataset']}: {view['train_size']} trained of {view['pool']:,}. {view['licence']}"
    )
    return "\n".join([head, *sorted(lines), "Best predicted:", *best])


def _write(folder: Path, found: dict[str, Any]) -> None:
    from activedints.loop.rankings import ranking_csv

    study = json.dumps(found, allow_nan=False)
    texts = {"ranking.csv": ranking_csv(found["view"]), "model.json": found["model"], "study.json": study}
    with tempfile.TemporaryDirectory(dir=folder, prefix=".ranking-") as unfinished:  # all three, or none
        for name, text in texts.items():
            (Path(unfinished) / name).write_text(text, encoding="utf-8")
        for name in texts:
            (Path(unfinished) / name).replace(folder / name)
    say(f"ranking.csv, model.json and study.json are in {folder}.")
