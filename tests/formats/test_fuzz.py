"""A header of any bytes is either read or refused in one sentence: no other exception and no warning."""

from pathlib import Path

import nibabel as nib
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from activedints.core.errors import ActiveDintsError
from activedints.formats.header import read_header
from activedints.formats.voxels import check_image, read_label_raw
from tests.formats.scans import image, save

FIELDS = [name for name in nib.Nifti1Header.template_dtype.names if name not in ("sizeof_hdr", "magic")]
STRANGE = (0, -1, 1, 2, 255, 32767, -32768, 3e38, -1e-38, float("nan"), float("inf"))


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, bytes]:
    path = save(tmp_path_factory.mktemp("fuzz") / "x.nii", image())
    return path, path.read_bytes()


def read(path: Path, data: bytes) -> str:
    """Write, read as image and as label; the sentence of the refusal, or nothing."""
    path.write_bytes(data)
    try:
        header = read_header(path)
        check_image(header, tuple(map(str, range(header.channels))))
        read_label_raw(header)
    except ActiveDintsError as fault:
        return str(fault)
    return ""


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.integers(0, 351), st.integers(0, 255), min_size=1, max_size=6))
def test_any_bytes(good: tuple[Path, bytes], changes: dict[int, int]) -> None:
    path, data = good
    spoiled = bytearray(data)
    for place, value in changes.items():
        spoiled[place] = value
    sentence = read(path, bytes(spoiled))
    assert sentence.isprintable()
    assert sentence == "" or sentence.endswith(".")


@settings(max_examples=60, deadline=None)
@given(st.dictionaries(st.sampled_from(FIELDS), st.tuples(st.sampled_from(STRANGE), st.integers(0, 7)), max_size=4))
@example({"scl_slope": (3e38, 0), "scl_inter": (3e38, 0)})
def test_strange_fields(good: tuple[Path, bytes], changes: dict[str, tuple[float, int]]) -> None:
    path, data = good
    header = nib.Nifti1Header(data[:348], check=False)
    with np.errstate(all="ignore"):
        for field, (value, place) in changes.items():
            cell = header[field]
            if cell.dtype.kind in "iuf":
                kept = np.array(value if cell.dtype.kind == "f" or np.isfinite(value) else 0)
                flat = np.atleast_1d(cell).copy()
                flat[place % flat.size] = kept.astype(cell.dtype)
                header[field] = flat.reshape(cell.shape)
    sentence = read(path, header.binaryblock + data[348:])
    assert sentence.isprintable()


@settings(max_examples=30, deadline=None)
@given(st.integers(0, 600))
def test_any_length(good: tuple[Path, bytes], length: int) -> None:
    path, data = good
    assert ("bytes" in read(path, data[:length])) or "starts with" in read(path, data[:length])
