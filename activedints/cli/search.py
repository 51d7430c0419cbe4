"""The verb that searches an architecture, and says before and after what that costs."""

from typing import Annotated, Any

import typer

from activedints.cli.root import JsonOption, WorkspaceOption, answer, app, open_store, progress_bar, say
from activedints.cli.turn import DeviceOption
from activedints.core.errors import InvalidSettings
from activedints.core.job import JobKind, Report
from activedints.core.search_space import CHOICES, check_search
from activedints.core.settings import MOST_PROCESSES, check_length
from activedints.loop.searches import COSTS


@app.command()
def search(
    seconds: Annotated[float | None, typer.Option(help="Seconds of the search.")] = None,
    steps: Annotated[int | None, typer.Option(help="Steps of the search, instead of seconds.")] = None,
    space: Annotated[str | None, typer.Option(help=f"Size of the search: {', '.join(CHOICES)}.")] = None,
    sigma: Annotated[float | None, typer.Option(help="Memory budget: a share of the largest network's.")] = None,
    fresh: Annotated[bool, typer.Option("--fresh", help="Do not refine the last search's alphas.")] = False,
    processes: Annotated[
        int | None, typer.Option(min=1, max=MOST_PROCESSES, help="That learn together, a GPU each.")
    ] = None,
    device: DeviceOption = "auto",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Search an architecture on the labelled cases, here and now; later trainings of this experiment use it.

    The expected memory and time are printed before the start, and beside what was measured at the end.
    """
    from activedints.worker.here import run_step

    asked = {"seconds": seconds, "steps": steps, "space": space, "sigma": sigma, "processes": processes}
    asked |= {"go_on": False if fresh else None}
    arguments = {name: value for name, value in asked.items() if value is not None}
    check_search(space or "auto", 0.5 if sigma is None else sigma)
    if seconds is not None and steps is not None:
        raise InvalidSettings("A search is bounded by seconds or by steps: give one of the two.")
    check_length(seconds, steps, "search")
    with progress_bar() as report:
        result = run_step(open_store(workspace), JobKind.SEARCH, {}, device, said_before_and_after(report), arguments)
    answer(result, as_json, result.get("reason"))
    for line in expected_and_measured(result):
        say(line)


def said_before_and_after(report: Report) -> Report:
    """The report of a search, whose sentences of the space, the estimate and the end stay on the screen."""
    said: set[str] = set()

    def tell(step: int, total: int, message: str, metrics: dict[str, float] | None = None) -> None:
        if message.startswith(("Search space", "Estimate", "Search over")) and message not in said:
            said.add(message)
            say(message)
        else:
            report(step, total, message, metrics)

    return tell


def expected_and_measured(result: dict[str, Any]) -> list[str]:
    """A search's estimate beside what was measured, a line a quantity."""
    expected, measured = result.get("estimate", {}), result.get("measured", {})
    lines = [
        f"{row['what']:36} expected {row['expected']:>10}  measured {row['measured']:>10}"
        for row in (
            {"what": words, "expected": _short(expected.get(name)), "measured": _short(measured.get(name))}
            for name, words in COSTS.items()
        )
    ]
    trial = result.get("trial")
    if trial:
        counted = result["network"]
        lines.append(
            f"found network: {counted['parameters']:,} parameters, {counted['gflops']:.2f} GFLOPs a patch, "
            f"{trial['peak_megabytes']:.0f} MB peak of a training step, {trial['seconds_per_volume']:.2f} s a volume"
        )
    return lines if expected else []


def _short(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
