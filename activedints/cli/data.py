"""Verbs about official data sets: data list, data get."""

from pathlib import Path
from typing import Annotated

import typer

from activedints.cli.root import JsonOption, WorkspaceOption, answer, app, progress_bar, workspace_folder

data_app = typer.Typer(help="Official data sets: what can be had, and getting it.", no_args_is_help=True)
app.add_typer(data_app, name="data")

OutOption = Annotated[Path | None, typer.Option(help="Folder of the files (default: nas/ of the workspace).")]


@data_app.command("list")
def data_list(out: OutOption = None, workspace: WorkspaceOption = None, as_json: JsonOption = False) -> None:
    """What can be downloaded, under which licence, and what is there already."""
    from activedints.worker.downloading import listed

    folder = out or workspace_folder(workspace) / "nas"
    rows = listed(folder)
    lines = [
        f"{row['name']:14} {row['megabytes']:6} MB  {'here' if row['present'] else 'not here'}  {row['licence']}"
        for row in rows
    ]
    answer({"folder": str(folder), "sets": rows}, as_json, "\n".join(lines))


@data_app.command("get")
def data_get(
    name: Annotated[str, typer.Argument(help="A name of `activedints data list`.")],
    source: Annotated[str, typer.Option("--from", help="Another address, or a folder that holds the files.")] = "",
    out: OutOption = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Download a data set, checked against recorded checksums; an interrupted download goes on where it stopped."""
    from activedints.worker.downloading import get, listed

    folder = out or workspace_folder(workspace) / "nas"
    with progress_bar() as report:
        files = get(name, folder, source, report)
    licence = next(row["licence"] for row in listed(folder) if row["name"] == name)
    facts = {"name": name, "folder": str(folder), "files": [file.name for file in files], "licence": licence}
    answer(facts, as_json, f"{len(files)} file(s) in {folder}. {licence}")
