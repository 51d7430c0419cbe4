"""The child process that DICOM parsing and resampling run in: requests as JSON on stdin, results as JSON on stdout."""

import json
import os
import sys
from pathlib import Path
from typing import Any

import numpy as np
import SimpleITK as sitk

from activedints.core.errors import ActiveDintsError
from activedints.core.volume import Volume
from activedints.formats.dicom import fingerprint, identifies, read_series, write_series
from activedints.formats.header import read_header
from activedints.formats.nifti import write_map
from activedints.formats.resample import resample
from activedints.formats.voxels import read_raw, scale

MOST_MEMORY = 16 * 2**30


def convert_series(request: dict[str, Any]) -> dict[str, Any]:
    """``{"folder", "out", "name"}``: a DICOM series to one NIfTI file."""
    series = read_series(Path(request["folder"]))
    write_series(series, Path(request["out"]))
    named = identifies(request["name"], series.identity)
    return {"note": series.note, "identifies": named, "fingerprint": fingerprint(series)}


def resample_channel(request: dict[str, Any]) -> dict[str, Any]:
    """``{"moving", "channel", "reference", "reference_channel", "register", "out"}``: onto the reference's grid."""
    like = Path(request["reference"])
    reference = _load(like, request["reference_channel"])
    array, note = resample(_load(Path(request["moving"]), request["channel"]), reference, request["register"])
    write_map(Path(request["out"]), array, reference.affine, like, np.float32)
    return {"note": note}


def _load(path: Path, channel: str) -> Volume:
    header = read_header(path)
    array = header.grid.to_ras(scale(header, read_raw(header).reshape(header.grid.shape, order="F")))
    return Volume(array[None], header.grid.ras.affine, (channel,))


WORK = {"dicom": convert_series, "resample": resample_channel}


def main() -> None:
    """Answer every request in order; after the first that fails the rest are not tried."""
    answer = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what foreign code prints must not mix with the answer
    if sys.platform != "win32":
        import resource

        resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    sitk.ProcessObject.SetGlobalDefaultNumberOfThreads(2)
    results: list[dict[str, Any]] = []
    try:
        for request in json.load(sys.stdin):
            results.append(WORK[request["do"]](request))
        json.dump({"results": results}, answer)
    except ActiveDintsError as fault:
        json.dump({"error": type(fault).__name__, "sentence": str(fault)}, answer)
    answer.close()


if __name__ == "__main__":
    main()
