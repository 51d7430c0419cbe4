"""Verbs that measure: bench."""

import importlib.util
import json
from pathlib import Path
from typing import Annotated

import typer

from activedints.cli.root import JsonOption, app, say
from activedints.core.errors import NotFound

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


@app.command(context_settings={"allow_extra_args": True, "ignore_unknown_options": True})
def bench(
    context: typer.Context,
    name: Annotated[str | None, typer.Argument(help="One benchmark; none lists what there is.")] = None,
    as_json: JsonOption = False,
) -> None:
    """Run a benchmark: ours, the reference's and the ratio. Options after the name go to the benchmark."""
    known = sorted(p.stem.replace("_", "-") for p in BENCHMARKS.glob("*.py") if "def run(" in p.read_text())
    if name is None:
        print("\n".join(known))
        return
    if name not in known:
        raise NotFound(f"There is no benchmark '{name}'; there are: {', '.join(known)}.")
    path = BENCHMARKS / f"{name.replace('-', '_')}.py"
    spec = importlib.util.spec_from_file_location(f"benchmark_{path.stem}", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    result = module.run(context.args)
    if as_json:
        print(json.dumps(result))
        return
    for figure in result["figures"]:
        mark = {True: "holds", False: "MISSED", None: ""}[figure.get("holds")]
        say(
            f"{figure['what']:32} ours {figure['ours']} {figure.get('unit', '')}  reference {figure.get('reference')}"
            f"  ratio {figure.get('ratio')}  n {figure.get('n')}  bar {figure.get('bar')}  {mark}"
        )
