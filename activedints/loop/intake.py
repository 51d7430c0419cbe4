"""The forms that fill a workspace, empty it outwards and found an experiment: what was typed becomes one command and
one sentence."""

from dataclasses import replace
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidSettings
from activedints.core.job import Report, silent
from activedints.loop import experiments
from activedints.loop.exporting import export_all
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store.database import Store

LAYOUTS = {
    "auto": "find out",
    "msd": "MSD: a folder with dataset.json",
    "nnunet": "nnU-Net raw",
    "bids": "BIDS",
    "nifti": "NIfTI files, or one folder per case",
}
"""Layouts that can be imported, in words."""
OUTPUTS = {"nifti": "NIfTI, a folder per case", "msd": "MSD", "nnunet": "nnU-Net raw", "bids": "BIDS"}
"""Layouts that can be exported, in words."""


def take_in(store: Store, typed: dict[str, Any], report: Report = silent) -> str:
    """Import what the form names: path, format, channels (a line NAME=PATTERN each), labels, holdout, calibration,
    reference (a channel's name, or '') and register."""
    if not str(typed["path"]).strip():
        raise InvalidSettings("Say where the cases lie: the path of a folder or file on this machine.")
    request = ImportRequest(
        path=Path(str(typed["path"]).strip()).expanduser(),
        format=typed["format"],
        channel_globs=channel_patterns(typed["channels"]),
        labels=typed["labels"],
        holdout=str(typed["holdout"]) if typed["holdout"] else None,
        calibration=str(typed["calibration"]) if typed["calibration"] else None,
        skip_bad=typed["skip_bad"],
        reference=typed["reference"].strip() or None,
        register=typed["register"],
    )
    done = import_cases(store, request, report)
    sentence = f"{len(done.imported)} case(s) imported into experiment '{done.experiment}'."
    notes = [*done.warnings, *(f"left out {name}: {why}" for name, why in done.left_out.items())]
    return sentence + "".join(f"\n- {note}" for note in notes)


def bring_out(store: Store, folder: str, layout: str, report: Report = silent) -> str:
    """Export annotations, drafts and heat maps into an empty folder of this machine."""
    if not folder.strip():
        raise InvalidSettings("Say where to: the path of an empty or new folder on this machine.")
    done = export_all(store, Path(folder.strip()).expanduser(), layout, report)
    return f"{done['cases']} case(s) with {done['annotations']} annotation(s) written to {done['out']}."


def channel_patterns(text: str) -> dict[str, str] | None:
    """Lines NAME=PATTERN as a mapping; None where there are none.

    >>> channel_patterns("FLAIR = *flair.nii.gz\\n\\nT1w=*t1.nii.gz")
    {'FLAIR': '*flair.nii.gz', 'T1w': '*t1.nii.gz'}
    """
    patterns: dict[str, str] = {}
    for line in filter(None, (line.strip() for line in text.splitlines())):
        name, equals, pattern = (part.strip() for part in line.partition("="))
        if not (name and equals and pattern):
            raise InvalidSettings(f"A channel is written NAME=PATTERN, for example FLAIR=*flair.nii.gz; not '{line}'.")
        if name in patterns:
            raise InvalidSettings(f"Channel {name} is named twice, {patterns[name]} and {pattern}: leave one out.")
        patterns[name] = pattern
    return patterns or None


def found_experiment(store: Store, name: str, changes: dict[str, Any]) -> str:
    """A new experiment over the same cases and roles, with some settings changed; it becomes the active one."""
    if not 0 < len(name.strip()) <= 60 or not name.isprintable():
        raise InvalidSettings("An experiment needs a name of 1 to 60 printable characters.")
    experiments.create(store, name.strip(), replace(experiments.active_settings(store), **changes))
    return f"Experiment '{name.strip()}' is active; it starts at cycle 0."
