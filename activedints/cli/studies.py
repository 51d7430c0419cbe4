"""Verbs that measure: bench."""

import importlib
import inspect
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import typer

from activedints.cli.root import JsonOption, answer, app, say
from activedints.core.errors import InvalidSettings, NotFound

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def options(run: Callable[..., Any], words: list[str]) -> dict[str, Any]:
    """``--name value`` pairs as arguments of a benchmark's ``run``, in the types of its defaults."""
    known = inspect.signature(run).parameters
    names, values = [w.removeprefix("--").replace("-", "_") for w in words[::2]], words[1::2]
    unknown = [n for n in names if n not in known]
    if unknown or len(names) != len(values):
        takes = ", ".join(f"--{n}" for n in known) or "no options"
        raise InvalidSettings(f"This benchmark does not understand {words}; it takes {takes}, each with a value.")
    return {n: type(known[n].default)(v) for n, v in zip(names, values)}


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One benchmark; none lists what there is.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a benchmark: ours, the reference's and the ratio. Options after the name go to the benchmark."""
    files = {
        p.stem.strip("_").replace("_", "-"): p.stem for p in BENCHMARKS.glob("*.py") if "def run(" in p.read_text()
    }
    known = sorted(files)
    if name is None:
        return answer({"benchmarks": known}, as_json, "\n".join(known))
    if name not in known:
        raise NotFound(f"There is no benchmark '{name}'; there are: {', '.join(known)}.")
    sys.path.insert(0, str(BENCHMARKS.parent))
    module = importlib.import_module(f"benchmarks.{files[name]}")
    result = module.run(**options(module.run, context.args))
    if as_json:
        print(json.dumps(result))
        return
    for figure in result["figures"]:
        mark = {True: "holds", False: "MISSED", None: ""}[figure.get("holds")]
        say(
            f"{figure['what']:32} ours {figure['ours']} {figure.get('unit', '')}  reference {figure.get('reference')}"
            f"  ratio {figure.get('ratio')}  n {figure.get('n')}  bar {figure.get('bar')}  {mark}"
        )
