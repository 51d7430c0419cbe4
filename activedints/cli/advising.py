"""Verbs of the data-set advisor and the search lab: metad2a advise|train|sets, proxy, search-lab."""

from pathlib import Path
from typing import Annotated, Any

import typer

from activedints.cli.root import (
    JsonOption,
    SeedOption,
    WorkspaceOption,
    answer,
    app,
    open_store,
    progress_bar,
    say,
    untaken,
    writable,
)

metad2a = typer.Typer(help="Data-set advisor: cells generated and ranked for a set of images.", no_args_is_help=True)
app.add_typer(metad2a, name="metad2a")

TableOption = Annotated[Path | None, typer.Option(help="A measured table other than the one that ships.")]
SetOption = Annotated[str, typer.Option("--set", help="A data set of `metad2a sets`.")]


@metad2a.command("sets")
def sets_(as_json: JsonOption = False) -> None:
    """The data sets of the measured table, their families, and how well single trainings agree."""
    from activedints.nas.measured import image_sets, table

    measured = table.read()
    agreed = table.seed_agreement(measured)
    rows = [
        {"name": n, "title": image_sets.title_of(n), "family": image_sets.family_of(n), "ceiling": agreed.get(n)}
        for n in measured.names
    ]
    lines = [f"{row['name']:20} {row['family']:12} {row['title']}" for row in rows]
    answer({"cells": len(measured.cells), "sets": rows}, as_json, "\n".join(lines))


@metad2a.command()
def advise(
    known: SetOption = "",
    images: Annotated[Path | None, typer.Option(help="A folder with one folder of images for each class.")] = None,
    scans: Annotated[str, typer.Option(help="The experiment's own scans: sequences, or lesion.")] = "",
    number: Annotated[int, typer.Option(min=10, help="Cells to generate.")] = 500,
    seed: SeedOption = 0,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Generate cells for a data set, rank them by predicted accuracy, and name the nearest known sets."""
    from activedints.nas.advisor import advise, model
    from activedints.nas.measured import table
    from activedints.worker.advising import image_set_of
    from activedints.worker.few_shot import one_thread

    given = [("known", known), ("folder", str(images or "")), ("scans", scans)]
    chosen = [(source, what) for source, what in given if what]
    if len(chosen) != 1:
        raise typer.BadParameter("Name one of --set, --images and --scans.")
    store = open_store(workspace) if scans else None
    with one_thread():
        own = image_set_of(store, {"source": chosen[0][0], "what": chosen[0][1], "seed": seed})  # type: ignore[arg-type]
        advisor = model.load()
        found = advise.advice(advisor, table.read(), own, advise.known_embeddings(advisor, advisor.known), number, seed)
    answer({"name": own.name, **found}, as_json, _told(own.name, found))


def _told(name: str, found: dict[str, Any]) -> str:
    near = ", ".join(f"{row['set']} ({row['distance']:.2f})" for row in found["nearest"])
    lines = [f"{name}: {found['number']} cells in {found['seconds']:.1f} CPU s; nearest: {near}"]
    lines += [f"{row['predicted']:6.1f} +- {row['deviation']:4.1f} %  {row['cell']}" for row in found["cells"]]
    return "\n".join(lines)


@metad2a.command()
def train(
    out: Annotated[Path, typer.Option(help="NAME of the two files NAME.safetensors and NAME.json.")],
    without: Annotated[str, typer.Option(help="A family that is left out.")] = "",
    table: TableOption = None,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Meta-train predictors and generator on the measured table: some CPU minutes."""
    import time

    from activedints.nas.advisor import model
    from activedints.nas.measured.table import SHIPPED, read
    from activedints.worker.few_shot import one_thread

    measured, began = read(table or SHIPPED), time.process_time()
    untaken(*model.files_of(out))
    writable(out.parent)
    with progress_bar() as report, one_thread():
        made = model.trained(measured.without(without) if without else measured, seed=seed, report=report)
    left_out = (f" --without {without}" if without else "") + (f" --table {table}" if table else "")
    made.made.update(
        {
            "command": f"activedints metad2a train --seed {seed}{left_out}",
            "data": f"{table or 'data/measured_table.csv'}: {len(measured.cells)} cells on {len(made.known)} data sets",
            "cpu_seconds": round(time.process_time() - began, 1),
        }
    )
    weights, card = model.save(made, out)
    facts = {"weights": str(weights), "card": str(card), "bytes": weights.stat().st_size, **made.made}
    answer(facts, as_json, f"{weights}: {facts['bytes'] / 1024:.0f} kB after {facts['cpu_seconds']} CPU s.")


@app.command()
def proxy(
    known: SetOption = "digits",
    number: Annotated[int, typer.Option(min=2, help="Cells to score: those of the table, in its order.")] = 20,
    images: Annotated[int, typer.Option(min=2, help="Images that the network sees.")] = 128,
    channels: int = 16,
    repeats: Annotated[int, typer.Option(help="Cells a stage (NAS-Bench-201: 5).")] = 1,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Score untrained networks (NASWOT) on a data set's images, beside their measured accuracy there."""
    from activedints.nas.rank.naswot import Skeleton
    from activedints.worker.proxies import scored

    with progress_bar() as report:
        found = scored(known, number, images, Skeleton(channels, repeats), seed, report)
    tau = "none" if found["kendall"] is None else f"{found['kendall']:.2f}"
    say(
        f"Kendall with measured test accuracy: {tau} ({len(found['rows'])} cells, {found['seconds']:.2f} CPU s a cell)."
    )
    lines = [f"{_score(row['naswot'])} {row['test']:6.1f} %  {row['cell']}" for row in found["rows"]]
    answer(found, as_json, "\n".join(lines))


def _score(value: float | None) -> str:
    return "    dead" if value is None else f"{value:8.1f}"


@app.command("search-lab")
def search_lab(
    known: SetOption = "digits",
    algorithms: Annotated[str, typer.Option(help="Names with commas; all by default.")] = "",
    budget: Annotated[int, typer.Option(min=1, help="Cells that a search may train.")] = 30,
    seeds: Annotated[int, typer.Option(min=1)] = 10,
    table: TableOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run search algorithms on one data set of the measured table: regret after each training, over seeds."""
    from activedints.nas.algorithms import lab
    from activedints.nas.measured.table import SHIPPED, read
    from activedints.worker.few_shot import one_thread

    chosen = [name.strip() for name in algorithms.split(",") if name.strip()] or list(lab.ALGORITHMS)
    with one_thread():
        found = lab.regrets(read(table or SHIPPED), known, chosen, budget, seeds)
    lines = [
        f"{row['algorithm']:26} regret {row['regret']:5.2f} points, {row['to best tenth']:4.1f} trainings to the best "
        f"tenth, percentile {row['percentile']:.0f}"
        for row in found["ends"]
    ]
    answer(found, as_json, "\n".join([f"{known}, {budget} trainings, {seeds} seeds", *lines]))
