"""Verbs that turn the loop: experiment, status, search, train, score, query, evaluate, cycle."""

from dataclasses import replace
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
    workspace_folder,
)
from activedints.core.errors import WorkspaceUnusable
from activedints.core.experiment import Regime, Start
from activedints.core.job import JobKind
from activedints.core.search_space import CHOICES
from activedints.core.settings import MOST_CYCLES, check_number
from activedints.loop import commands, experiments, views
from activedints.store.database import Store

experiment_app = typer.Typer(help="Make, choose and show experiments.", no_args_is_help=True)
app.add_typer(experiment_app, name="experiment")

SecondsOption = Annotated[float | None, typer.Option(help="Seconds of training in this cycle.")]
StepsOption = Annotated[int | None, typer.Option(help="Steps of training in this cycle, instead of seconds.")]
BudgetOption = Annotated[int | None, typer.Option(help="Cases to ask for in each cycle.")]
StrategyOption = Annotated[str | None, typer.Option(help="How the next cases are chosen.")]


def overrides(seconds: float | None, steps: int | None, budget: int | None, strategy: str | None) -> dict[str, Any]:
    """What was given on the command line, as settings of the cycles that it runs."""
    given = {"seconds": seconds, "steps": steps, "budget": budget, "strategy": strategy}
    return {name: value for name, value in given.items() if value is not None}


@experiment_app.command("new")
def experiment_new(
    name: str,
    seed: SeedOption = 0,
    initial: Annotated[str, typer.Option(help="N cases drawn by the seed, or names, annotated first.")] = "0",
    budget: int | None = None,
    strategy: str | None = None,
    regime: Regime | None = None,
    architecture: Annotated[str | None, typer.Option(help="Name of a shipped one, or a JSON file.")] = None,
    start: Start | None = None,
    seconds: SecondsOption = None,
    steps: StepsOption = None,
    draws: int | None = None,
    unit: Annotated[str | None, typer.Option(help="What is asked for: volume or region.")] = None,
    budget_unit: Annotated[str | None, typer.Option(help="volumes, voxels or minutes.")] = None,
    control: Annotated[float | None, typer.Option(help="Share of queries drawn as a control.")] = None,
    sources: Annotated[str | None, typer.Option(help="Sources of draws to try, separated by commas.")] = None,
    spacing: Annotated[float | None, typer.Option(help="Working voxel size in mm.")] = None,
    space: Annotated[str | None, typer.Option(help=f"Size of its searches: {', '.join(CHOICES)}.")] = None,
    sigma: Annotated[float | None, typer.Option(help="Memory budget of its searches, in (0, 1].")] = None,
    search_seconds: Annotated[float | None, typer.Option(help="Seconds of a search (default: as a training).")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """A new experiment over the workspace's cases, with the roles of the active one; it becomes active."""
    store = open_store(workspace)
    chosen: dict[str, Any] = {"regime": regime, "start": start, "draws": draws, "spacing": spacing}
    chosen |= {"unit": unit, "budget_unit": budget_unit, "control": control}
    chosen["sources"] = tuple(s.strip() for s in sources.split(",")) if sources else None
    chosen |= {"space": space, "sigma": sigma, "search_seconds": search_seconds}
    chosen = {k: v for k, v in chosen.items() if v is not None} | overrides(seconds, steps, budget, strategy)
    if architecture is not None:
        chosen["architecture"] = experiments.architecture_text(architecture)
    if steps is not None and seconds is None:
        chosen["seconds"] = None
    if seconds is not None and steps is None:
        chosen["steps"] = None
    names = () if initial.isdecimal() else tuple(n.strip() for n in initial.split(",") if n.strip())
    number = int(initial) if initial.isdecimal() else len(names)
    settings = replace(experiments.active_settings(store), seed=seed, initial=number, **chosen)
    experiments.create(store, name, settings, names)
    facts = experiments.describe(store)
    answer(facts, as_json, f"Experiment '{name}' is active.")


@experiment_app.command("use")
def experiment_use(name: str, workspace: WorkspaceOption = None) -> None:
    """Make another experiment the active one."""
    experiments.use(open_store(workspace), name)
    say(f"Experiment '{name}' is active.")


@experiment_app.command("show")
def experiment_show(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Name, settings and split of the active experiment."""
    answer(experiments.describe(open_store(workspace)), as_json)


@app.command()
def status(workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Where the active experiment stands; nulls where nothing was imported yet."""
    folder = workspace_folder(workspace)
    if folder.exists() and not folder.is_dir():
        raise WorkspaceUnusable(f"The workspace {folder} is a file, and a workspace is a folder: check --workspace.")
    if not Store.is_in(folder):
        say(f"There is no workspace in {folder} yet.")
        return answer(views.no_status(), as_json)
    answer(views.status(open_store(workspace)), as_json)


def _run_step(kind: JobKind, workspace: Path | None, given: dict[str, Any], device: str, as_json: bool) -> None:
    from activedints.worker.here import run_step

    store = open_store(workspace)
    with progress_bar() as report:
        result = run_step(store, kind, given, device, report)
    answer(result, as_json)


DeviceOption = Annotated[str, typer.Option(help="auto, cpu or cuda:N.")]


@app.command()
def train(
    seconds: SecondsOption = None,
    steps: StepsOption = None,
    device: DeviceOption = "auto",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Train the current cycle's network on all labelled cases, here and now."""
    _run_step(JobKind.TRAIN, workspace, overrides(seconds, steps, None, None), device, as_json)


@app.command()
def score(device: DeviceOption = "auto", workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Score the pool with the newest model; cases that it has scored already cost nothing."""
    _run_step(JobKind.SCORE, workspace, {}, device, as_json)


@app.command()
def evaluate(device: DeviceOption = "auto", workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Measure the newest model on the annotated holdout and calibration cases."""
    _run_step(JobKind.EVALUATE, workspace, {}, device, as_json)


@app.command("label-check")
def label_check(device: DeviceOption = "auto", workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """Rank the annotated cases by how much their labels surprise models that never saw them: look at the first ones."""
    _run_step(JobKind.LABEL_CHECK, workspace, {}, device, as_json)


@app.command("leave-out")
def leave_out(device: DeviceOption = "auto", workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What the strategy's queries and the control's taught: the Dice lost when as many of either are left out."""
    _run_step(JobKind.LEAVE_OUT, workspace, {}, device, as_json)


@app.command()
def query(
    strategy: StrategyOption = None,
    budget: BudgetOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Show the current query; with --strategy or --budget, ask anew for what nobody has annotated yet."""
    answer(commands.query(open_store(workspace), overrides(None, None, budget, strategy)), as_json)


@app.command()
def cycle(
    oracle: Annotated[Path | None, typer.Option(help="Folder of label maps that answer every query.")] = None,
    cycles: Annotated[int, typer.Option(help="Whole turns to run.")] = 1,
    seconds: SecondsOption = None,
    steps: StepsOption = None,
    budget: BudgetOption = None,
    strategy: StrategyOption = None,
    device: DeviceOption = "auto",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Run whole turns of the loop here and now; with --oracle its label maps annotate what is asked for."""
    from activedints.worker.here import run_turn

    check_number("The number of cycles", cycles, MOST_CYCLES)
    store = open_store(workspace)
    given = overrides(seconds, steps, budget, strategy)
    for _ in range(cycles):
        with progress_bar() as report:
            say(run_turn(store, oracle, given, device, report))
    answer(views.status(store), as_json)
