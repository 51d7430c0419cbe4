"""The verb that compares strategies on fully labelled data: study."""

from pathlib import Path
from typing import Annotated

import typer

from activedints.cli.root import JsonOption, WorkspaceOption, answer, app, progress_bar, workspace_folder
from activedints.core.errors import InvalidSettings
from activedints.core.settings import MOST_PROCESSES, MOST_SEEDS, check_number


def listed(text: str) -> list[str]:
    """A comma-separated list without blanks."""
    return [part.strip() for part in text.split(",") if part.strip()]


def numbers(text: str) -> tuple[int, ...]:
    """Seeds: whole numbers, ``0,1,2`` or ``0-9``."""
    found: list[int] = []
    for part in listed(text):
        low, dash, high = part.partition("-")
        if not low.isdecimal() or (dash and not high.isdecimal()):
            raise InvalidSettings(f"Seeds are whole numbers such as 0,1,2 or 0-9; '{part}' is none.")
        if dash:  # before as many numbers are made
            check_number(f"The number of seeds in {part}", int(high) - int(low) + 1, MOST_SEEDS)
        found += range(int(low), int(high) + 1) if dash else [int(low)]
    return tuple(found)


@app.command()
def study(
    oracle: Annotated[Path, typer.Option(help="MSD folder with images and label maps; the maps answer every query.")],
    strategies: Annotated[str, typer.Option(help="Strategies to compare, separated by commas.")] = (
        "clasp-pe,entropy,foreground-random,random"
    ),
    seeds: Annotated[str, typer.Option(help="Seeds, such as 0,1,2 or 0-9.")] = "0,1",
    cycles: int = 3,
    budget: Annotated[float, typer.Option(help="What a cycle may cost, in --budget-unit.")] = 2,
    budget_unit: Annotated[str, typer.Option(help="volumes, voxels or minutes.")] = "volumes",
    unit: Annotated[str, typer.Option(help="What is queried: volume or region.")] = "volume",
    side: Annotated[int, typer.Option(help="Side of a region in voxels.")] = 40,
    initial: Annotated[int, typer.Option(help="Cases in the initial set, the same for all at a seed.")] = 4,
    holdout: Annotated[str, typer.Option(help="Number of holdout cases, or their names.")] = "8",
    calibration: int = 4,
    steps: Annotated[int, typer.Option(help="Steps of every training.")] = 300,
    patch: int = 48,
    spacing: Annotated[float | None, typer.Option(help="Working voxel size in mm.")] = None,
    architecture: str = "small",
    regimes: Annotated[str, typer.Option(help="weights-only, topology-only, joint.")] = "weights-only",
    cold: Annotated[str, typer.Option(help="How the initial set is drawn: random, typicality.")] = "random",
    start: Annotated[str, typer.Option(help="What every training starts from: scratch, starter.")] = "scratch",
    draws: int = 1,
    source: Annotated[str, typer.Option(help="Where draws come from.")] = "shared-trunk",
    minutes_per_case: Annotated[float | None, typer.Option(help="A reader's measured minutes for a case.")] = None,
    processes: Annotated[
        int, typer.Option(min=1, max=MOST_PROCESSES, help="Cells computed side by side, a core each.")
    ] = 1,
    out: Annotated[Path | None, typer.Option(help="The study's folder; else studies/NAME in the workspace.")] = None,
    name: str = "study",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Compare strategies over seeds and cycles on fully labelled data. Run it again to go on where it stopped."""
    from activedints.worker.study.plan import Arm, Plan
    from activedints.worker.study.runner import run_study

    arms = tuple(
        Arm(strategy, regime, how, begin)
        for strategy in listed(strategies)
        for regime in listed(regimes)
        for how in listed(cold)
        for begin in listed(start)
    )
    named = () if holdout.isdecimal() else tuple(listed(holdout))
    plan = Plan(
        dataset=str(oracle.resolve()),
        arms=arms,
        seeds=numbers(seeds),
        cycles=cycles,
        budget=budget,
        initial=initial,
        holdout=len(named) or int(holdout),
        calibration=calibration,
        unit=unit,
        side=side,
        budget_unit=budget_unit,
        minutes_per_case=minutes_per_case,
        architecture=architecture,
        steps=steps,
        patch=patch,
        spacing=spacing,
        draws=draws,
        source=source,
        holdout_names=named,
    )
    folder = out or workspace_folder(workspace) / "studies" / name
    with progress_bar() as report:
        summary = run_study(plan, folder, report, processes)
    kept = ("sentences", "differences", "bands", "scores", "core_minutes", "finished", "hash")
    facts = {"study": str(folder), "report": str(folder / "report.html"), **{key: summary[key] for key in kept}}
    told = "\n".join([*map(str, summary["sentences"]), f"Report: {folder / 'report.html'}"])  # type: ignore[call-overload]
    answer(facts, as_json, told)
