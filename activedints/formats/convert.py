"""What clinicians really bring, made ready for the checks: DICOM folders to NIfTI, channels onto one grid.

Originals stay where they are; converted files go into a scratch folder, and every step is said in a sentence.
"""

import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

import activedints
from activedints.core import errors
from activedints.core.errors import InvalidChannels, InvalidFile, InvalidSettings
from activedints.core.volume import IGNORE
from activedints.formats.case import CaseSource
from activedints.formats.header import read_header
from activedints.formats.names import shown
from activedints.formats.nifti import write_annotation
from activedints.formats.voxels import read_label_raw


@dataclass(frozen=True)
class Conversion:
    """How to convert. ``scratch``: an existing folder of the caller, who removes it after the import.

    ``reference`` names the channel whose grid the others are resampled to where they differ; ``register`` moves
    them rigidly onto it first. ``timeout`` in seconds for one case.
    """

    scratch: Path
    reference: str | None = None
    register: bool = False
    timeout: float = 600.0

    def __post_init__(self) -> None:
        if self.register and self.reference is None:
            raise InvalidSettings(
                "Registration needs a reference and none is given: name the channel that stays in place with "
                "--reference."
            )


def convert(case: CaseSource, how: Conversion | None) -> CaseSource:
    """The case with plain NIfTI files on one grid; the same case if nothing has to be done."""
    folders = [image for image in case.images if image.is_dir()]
    relabel = case.label is not None and case.ignore not in (None, IGNORE)
    if not folders and not relabel and (how is None or how.reference is None):
        return case
    if how is None:
        raise InvalidFile(
            f"{shown(folders[0] if folders else case.images[0])} must be usable as it lies there; it has to be "
            "converted: import it."
        )
    place = Path(tempfile.mkdtemp(dir=how.scratch, prefix="case-"))
    ready = _from_dicom(case, place, how.timeout) if folders else case
    if how.reference is not None:
        ready = _onto_reference(ready, place, how)
    return _with_our_ignore(ready, place) if relabel else ready


def _with_our_ignore(case: CaseSource, place: Path) -> CaseSource:
    assert case.label is not None
    header = read_header(case.label)
    label = read_label_raw(header)
    label = np.where(label == case.ignore, np.uint8(IGNORE), label)
    write_annotation(place / "label.nii.gz", label, case.label)
    return replace(case, label=place / "label.nii.gz", ignore=None)


def _from_dicom(case: CaseSource, place: Path, timeout: float) -> CaseSource:
    images, requests = list(case.images), []
    for index, image in enumerate(case.images):
        if image.is_dir():
            images[index] = place / f"channel{index}.nii.gz"
            requests.append({"do": "dicom", "folder": str(image), "out": str(images[index]), "name": case.name})
    results = run_child(requests, timeout, shown(Path(requests[0]["folder"])))
    converted = [name for name, image in zip(case.channels, case.images) if image.is_dir()]
    notes = [f"Channel {name} was {result['note']}." for name, result in zip(converted, results)]
    name = case.name
    if any(result["identifies"] for result in results):
        name = f"case-{results[0]['fingerprint']}"
        notes.append(f"The folder's name holds the patient's name or number, so the case is called {name}.")
    return replace(case, name=name, images=tuple(images), originals=case.images, done=case.done + tuple(notes))


def _onto_reference(case: CaseSource, place: Path, how: Conversion) -> CaseSource:
    if how.reference not in case.channels:
        raise InvalidChannels(
            f"The reference must be one of the channels {', '.join(case.channels)}; it is {how.reference}: correct it."
        )
    headers = [read_header(image) for image in case.images]
    if len(headers) != len(case.channels):
        if how.register:
            raise InvalidChannels(
                f"{shown(case.images[0])} holds several channels in one file, so they cannot be registered: give one "
                "file per channel, or leave --register away."
            )
        return case  # one file with all channels has one grid
    anchor = case.channels.index(how.reference)
    images, requests = list(case.images), []
    for index, header in enumerate(headers):
        if index == anchor or (not how.register and header.grid.matches(headers[anchor].grid)):
            continue
        images[index] = place / f"resampled{index}.nii.gz"
        request = {"do": "resample", "moving": str(header.path), "reference": str(case.images[anchor])}
        names = {"channel": case.channels[index], "reference_channel": how.reference}
        requests.append(request | names | {"register": how.register, "out": str(images[index])})
    if not requests:
        return case
    results = run_child(requests, how.timeout, f"case {shown(case.name)}")
    notes = tuple(result["note"][0].upper() + result["note"][1:] + "." for result in results)
    return replace(case, images=tuple(images), originals=case.originals or case.images, done=case.done + notes)


def run_child(requests: list[dict[str, Any]], timeout: float, what: str) -> list[dict[str, Any]]:
    """Results of the requests from one child process; its errors are raised here under their own class.

    A crash, a hang or memory run out become one InvalidFile about ``what``; the parent is never at risk.
    """
    cure = "convert it with dcm2niix and import the NIfTI files"
    paths = [str(Path(activedints.__file__).parents[1]), os.environ.get("PYTHONPATH", "")]
    try:
        done = subprocess.run(
            [sys.executable, "-m", "activedints.formats.child"],
            input=json.dumps(requests),
            capture_output=True,
            text=True,
            timeout=timeout,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(p for p in paths if p)},
        )
    except subprocess.TimeoutExpired:
        raise InvalidFile(f"Reading {what} must end within {timeout:g} s; it was stopped: {cure}.") from None
    if done.returncode != 0:
        reason = signal.Signals(-done.returncode).name if done.returncode < 0 else f"exit {done.returncode}"
        last = (done.stderr.strip().splitlines() or [""])[-1][:200]
        raise InvalidFile(f"The reader of {what} stopped ({reason} {last}): {cure}.")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise getattr(errors, answer["error"])(answer["sentence"])
    return list(answer["results"])
