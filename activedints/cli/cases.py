"""Verbs about cases: doctor, simulate, import, annotate, predict, export."""

import getpass
import os
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

from activedints.cli.root import (
    JsonOption,
    SeedOption,
    WorkspaceOption,
    answer,
    app,
    begin_store,
    open_store,
    progress_bar,
    say,
    workspace_folder,
)
from activedints.core.errors import InvalidGeometry, InvalidSettings
from activedints.core.settings import MOST_DRAWS
from activedints.store.database import Store


def channel_patterns(given: list[str] | None) -> dict[str, str] | None:
    """``NAME=GLOB`` options as a mapping; InvalidSettings for anything else."""
    patterns = {}
    for text in given or []:
        name, sign, pattern = text.partition("=")
        if not (name and sign and pattern):
            raise InvalidSettings(f"--channel takes NAME=GLOB, for example FLAIR='*flair*.nii.gz'; it got '{text}'.")
        if name in patterns:
            raise InvalidSettings(
                f"--channel names {name} twice, {patterns[name]} and {pattern}: leave one of them out."
            )
        patterns[name] = pattern
    return patterns or None


@app.command()
def simulate(
    out: Annotated[Path, typer.Option(help="Folder to write the cohort into, in MSD layout.")],
    cases: Annotated[int, typer.Option(min=1)] = 24,
    seed: SeedOption = 0,
    as_json: JsonOption = False,
) -> None:
    """Write a simulated cohort (images, labels, dataset.json); $ACTIVEDINTS_ANATOMIES may name label maps to bend."""
    from activedints.worker.simulating import write_cohort

    anatomies = os.environ.get("ACTIVEDINTS_ANATOMIES")
    with progress_bar() as report:
        path = write_cohort(out, cases, seed, report, Path(anatomies) if anatomies else None)
    answer({"dataset": str(path), "cases": cases, "seed": seed}, as_json, f"{cases} simulated cases in {out}")


@app.command("import")
def import_(
    path: Annotated[Path, typer.Argument(help="An MSD folder (dataset.json), NIfTI files, or one folder per case.")],
    format: Annotated[str, typer.Option(help="auto, msd, nifti, nnunet or bids.")] = "auto",
    channel: Annotated[list[str] | None, typer.Option(help="NAME=GLOB, one file or DICOM series per channel.")] = None,
    labels: Annotated[
        str, typer.Option(help="Whose label files become annotations: none, fixed, all or names.")
    ] = "none",
    holdout: Annotated[str | None, typer.Option(help="K (drawn by the seed) or names: for reporting only.")] = None,
    calibration: Annotated[
        str | None, typer.Option(help="K or names: thresholds and verdicts are fitted here.")
    ] = None,
    skip_bad: Annotated[bool, typer.Option("--skip-bad", help="Leave bad cases out instead of refusing all.")] = False,
    reference: Annotated[str | None, typer.Option(help="Channel whose grid the others are resampled to.")] = None,
    register: Annotated[bool, typer.Option("--register", help="Move channels onto the reference first.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Check cases and copy them into the workspace. One bad case refuses all, unless --skip-bad."""
    from activedints.loop.importing import ImportRequest, import_cases

    request = ImportRequest(path, format, channel_patterns(channel), labels, holdout, calibration, skip_bad)
    request = replace(request, reference=reference, register=register)
    with begin_store(workspace) as store, progress_bar() as report:
        done = import_cases(store, request, report)
    for warning in done.warnings:
        say(f"Note: {warning}")
    for name, why in done.left_out.items():
        say(f"Left out {name}: {why}")
    facts = {"imported": done.imported, "left_out": done.left_out, "warnings": done.warnings}
    answer({**facts, "experiment": done.experiment}, as_json, f"{len(done.imported)} case(s) imported.")


@app.command()
def annotate(
    case: Annotated[str, typer.Argument(help="Name of the case.")],
    label: Annotated[Path, typer.Option(help="Label map on the image's grid.")],
    reader: Annotated[str, typer.Option(help="Who annotated.")] = "",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Submit an annotation from a file; it becomes the case's next version."""
    from activedints.loop.reading import submit_file

    try:
        receipt = submit_file(open_store(workspace), case, label, reader or getpass.getuser())
    except InvalidGeometry as fault:
        raise InvalidGeometry(f"Case {case}: {fault}") from None
    answer({"receipt": receipt}, as_json, receipt)


@app.command()
def predict(
    image: Annotated[Path, typer.Argument(help="A 4-D NIfTI (channels last), or a folder when --channel is given.")],
    out: Annotated[Path, typer.Option(help="Folder for label, probabilities, entropy and facts.")],
    channel: Annotated[list[str] | None, typer.Option(help="NAME=FILE, one 3-D file per channel.")] = None,
    draws: Annotated[int, typer.Option(help=f"Stochastic passes, 1 to {MOST_DRAWS:,}.")] = 10,
    overwrite: Annotated[bool, typer.Option("--overwrite", help="Write over an earlier result in --out.")] = False,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Segment one case with the newest model of the experiment (else the starter model)."""
    from activedints.worker.predicting import predict_files

    found = Store.is_in(workspace_folder(workspace))
    store = open_store(workspace) if workspace or found else None
    facts = predict_files(store, image, channel_patterns(channel), out, draws, overwrite)
    answer(facts, as_json, f"{facts['label']} written; {facts['seconds']:.1f} s, {facts['draws']} draw(s).")


@app.command()
def export(
    out: Annotated[Path, typer.Option(help="Folder to write into.")],
    format: Annotated[str, typer.Option(help="nifti, msd, nnunet or bids.")] = "nifti",
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Write out what was made: annotations with their provenance, drafts, heat maps."""
    from activedints.loop.exporting import export_all

    done = export_all(open_store(workspace), out, format)
    answer(done, as_json, f"{done['annotations']} annotation(s) in {out}.")


@app.command()
def doctor(
    path: Annotated[Path | None, typer.Argument(help="A folder of cases to examine before importing it.")] = None,
    workspace: WorkspaceOption = None,
    as_json: JsonOption = False,
) -> None:
    """Without PATH: versions, device, worker, orphans. With PATH: one plain sentence per unusable file."""
    if path is not None:
        from activedints.formats.inspect import inspect

        problems = inspect(path)
        lines = [why if why.startswith(f"{file} ") else f"{file}: {why}" for file, why in problems]
        text = "\n".join(lines) or f"{path}: every file can be imported."
        answer({"problems": [{"file": str(f), "sentence": s} for f, s in problems]}, as_json, text)
        raise typer.Exit(1 if problems else 0)
    from activedints.worker.health import examine

    facts = examine(open_store(workspace, make=workspace is None))  # the usual one may be new, a named one is there
    answer(facts, as_json, "\n".join(f"{name:>12}  {value}" for name, value in facts.items()))
