"""Labels stay apart for colour-blind readers, and what is written on the viewer can be read in the dark."""

import re
from itertools import combinations
from pathlib import Path

import numpy as np
import pytest

import activedints.ui.viewer
from activedints.ui.colours import LABELS

STYLE = (Path(activedints.ui.viewer.__file__).parent / "frontend" / "src" / "style.css").read_text()
SEEN_BY = {
    "everybody else": np.eye(3),
    "protanopes": [[0.152, 1.053, -0.205], [0.115, 0.786, 0.099], [-0.004, -0.048, 1.052]],
    "deuteranopes": [[0.367, 0.861, -0.228], [0.280, 0.673, 0.047], [-0.012, 0.043, 0.969]],
    "tritanopes": [[1.256, -0.077, -0.179], [-0.078, 0.931, 0.148], [0.005, 0.691, 0.304]],
}
"""Linear RGB as a reader without one kind of cone has it (Machado, Oliveira, Fernandes 2009, severity 1)."""
TO_XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour: str) -> np.ndarray:
    part = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(part <= 0.04045, part / 12.92, ((part + 0.055) / 1.055) ** 2.4)


def lab(rgb: np.ndarray) -> np.ndarray:
    xyz = TO_XYZ @ np.clip(rgb, 0, 1) / np.array([0.9505, 1, 1.089])
    f = np.where(xyz > 0.008856, np.cbrt(xyz), 7.787 * xyz + 16 / 116)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def contrast(first: str, second: str) -> float:
    """WCAG 2: from 1 (the same) to 21 (black on white)."""
    dark, light = sorted(float(TO_XYZ[1] @ linear(colour)) for colour in (first, second))
    return (light + 0.05) / (dark + 0.05)


def test_black_on_white_has_a_contrast_of_21():
    assert contrast("#ffffff", "#000000") == pytest.approx(21, abs=0.01)


@pytest.mark.parametrize("reader", list(SEEN_BY))
def test_labels_differ_for(reader):
    """By 15 in Lab: far more than the 2.3 that can just be told apart, since they lie half transparent on greys."""
    for first, second in combinations(LABELS, 2):
        seen = [lab(np.array(SEEN_BY[reader]) @ linear(colour)) for colour in (first, second)]
        assert np.linalg.norm(seen[0] - seen[1]) > 15, (first, second)


def test_text_and_labels_stand_out_from_their_ground():
    named = dict(re.findall(r"--(\w+): (#[0-9a-f]{6});", STYLE))
    for text in ("text", "quiet", "accent"):
        for ground in ("ground", "panel", "raised"):
            assert contrast(named[text], named[ground]) >= 4.5, (text, ground)
    for ground, text in re.findall(r"background: (#[0-9a-f]{6});[^}]*?[^-]color: (#[0-9a-f]{3,6});", STYLE):
        full = text if len(text) == 7 else "#" + "".join(2 * letter for letter in text[1:])
        assert contrast(ground, full) >= 4.5, (ground, full)
    for colour in LABELS:
        assert contrast(colour, named["panel"]) >= 3, colour
        assert contrast(colour, "#000000") >= 3, colour
