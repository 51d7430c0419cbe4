"""The orientation proof: strokes of a real mouse land in the voxels under the pointer, in files of any orientation.

A bright ball lies at a known place in mm. The test looks for it on the screen, as a reader would, and paints there;
what the server stored is then read with nibabel on the own affine of the file. No code of the viewer checks itself.
"""

import nibabel as nib
import numpy as np
import pytest
from driving import bright_centre, drag, open_case, press, save
from nibabel.affines import apply_affine, voxel_sizes
from scans import BALL, affine_of, head, write_case

pytestmark = pytest.mark.browser

SHAPE = (60, 71, 52)
FILES = {"RAS": 0.0, "LPS": 0.0, "PIR": 0.0, "LAS": 0.0, "RAS oblique": 0.3, "ASL oblique": -0.25}
PLANES = {"axial": "a", "coronal": "c", "sagittal": "s"}
RIGHT = {
    "axial": (-1, 0, 0),
    "coronal": (-1, 0, 0),
    "sagittal": (0, 1, 0),
}  # what moving right on the screen does, in RAS
DOWN = {"axial": (0, -1, 0), "coronal": (0, 0, -1), "sagittal": (0, 0, -1)}


@pytest.fixture(scope="module")
def cases(scans):
    """One case per file orientation, with a draft of 300 voxels of label 3 far from the ball."""
    for number, (name, tilt) in enumerate(FILES.items()):
        affine = affine_of(name[:3], SHAPE, tilt=tilt)
        label = np.zeros(SHAPE, np.uint8)
        away = np.linalg.norm(grid_mm(affine) - np.array([-30, -25, -20]), axis=-1)
        label.ravel()[np.argsort(away.ravel())[:300]] = 3
        write_case(scans / str(number), {"T1gd": head(SHAPE, affine)}, affine, label=label, title=name)
    return scans


def grid_mm(affine):
    return apply_affine(affine, np.stack(np.meshgrid(*map(np.arange, SHAPE), indexing="ij"), -1))


def own_axes(affine) -> np.ndarray:
    """Unit vectors of the file's axes nearest to Right, Anterior and Superior: slices follow the voxel grid."""
    unit = affine[:3, :3] / voxel_sizes(affine)
    nearest = [int(np.abs(unit[row]).argmax()) for row in range(3)]
    return np.stack([unit[:, column] * np.sign(unit[row, column]) for row, column in enumerate(nearest)])


def to_ball(page, affine, plane):
    """Bring the ball's slice up in a plane: by the wheel, as a reader would."""
    centre = (np.array(SHAPE) - 1) / 2
    axes = own_axes(affine)
    normal = {"axial": 2, "coronal": 1, "sagittal": 0}[plane]
    voxel = np.linalg.solve(affine[:3, :3], np.array(BALL) - affine[:3, 3])
    file_axis = int(np.abs(affine[:3, :3].T @ axes[normal]).argmax())
    sign = np.sign(affine[:3, file_axis] @ axes[normal])
    start = SHAPE[file_axis] // 2 if sign > 0 else SHAPE[file_axis] - 1 - SHAPE[file_axis] // 2
    steps = round((voxel[file_axis] - start) * sign)
    assert abs(centre[file_axis] - start) <= 1
    box = page.locator(f'canvas[data-plane="{plane}"]').bounding_box()
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    for _ in range(abs(steps)):
        page.mouse.wheel(0, -100 if steps > 0 else 100)
    page.wait_for_timeout(150)


class Bench:
    """One file open in one plane at the ball's slice, with what the checks need."""

    def __init__(self, page, address, scans, name, plane):
        self.page, self.plane = page, plane
        self.folder = scans / str(list(FILES).index(name))
        for kept in ("draft.nii.gz", "events.jsonl"):
            (self.folder / kept).unlink(missing_ok=True)
        self.affine = affine_of(name[:3], SHAPE, tilt=FILES[name])
        self.before = self.file("label")
        open_case(page, address, list(FILES).index(name))
        press(page, PLANES[plane], "k", "n")
        to_ball(page, self.affine, plane)
        page.mouse.move(5, 5)
        self.pointer = bright_centre(page, plane)
        self.axes = own_axes(self.affine)
        self.right, self.down = (np.array(way[plane]) for way in (RIGHT, DOWN))
        self.depth = np.abs(np.cross(self.right, self.down))

    def file(self, name):
        return np.asanyarray(nib.load(self.folder / f"{name}.nii.gz").dataobj)

    def saved(self):
        """The label map as the server stored it, on the file's own affine."""
        save(self.page)
        image = nib.load(self.folder / "draft.nii.gz")
        np.testing.assert_allclose(image.affine, self.affine, atol=1e-4)
        return np.asanyarray(image.dataobj)

    def along(self, voxels, origin):
        """Offsets of voxels (n, 3) from a point in mm, along the file's own right, anterior and superior."""
        return (apply_affine(self.affine, voxels) - origin) @ self.axes.T

    def layer(self, origin):
        """Which voxels lie in the slice of the plane through a point in mm."""
        return np.abs((grid_mm(self.affine) - origin) @ self.axes.T @ self.depth) < 0.1


def every_pair(*by_default):
    """All files in all planes; those not named in ``by_default`` when slow tests are asked for. The defaults of the two
    tests together hold every file once, and every plane."""
    return [
        pytest.param(
            name, plane, marks=() if f"{name} {plane}" in by_default else pytest.mark.slow, id=f"{name}-{plane}"
        )
        for name in FILES
        for plane in PLANES
    ]


STROKES = every_pair("RAS axial", "LAS coronal", "RAS oblique coronal", "ASL oblique sagittal")


@pytest.mark.parametrize(("name", "plane"), STROKES)
def test_strokes_land_under_the_pointer(page, viewer_server, cases, name, plane):
    bench = Bench(page, viewer_server, cases, name, plane)
    x, y = bench.pointer
    size = voxel_sizes(bench.affine).max()

    # a dot with the smallest brush: one voxel, at the ball's centre
    press(page, "b", *["["] * 6)
    drag(page, (x, y))
    dot = bench.saved()
    painted = np.argwhere(dot != bench.before)
    assert len(painted) == 1
    assert dot[tuple(painted[0])] == 1
    here = apply_affine(bench.affine, painted[0])
    assert np.linalg.norm(here - BALL) < 0.9 * size + 1

    # lines to the right and downwards: straight, in the plane, towards the side that the letters on the screen say
    press(page, "2")
    drag(page, (x, y), (x + 60, y))
    drag(page, (x, y), (x, y + 40))
    lines = bench.saved()
    along = bench.along(np.argwhere((lines != dot) | (lines == 2)), here)
    np.testing.assert_allclose(along @ bench.depth, 0, atol=1e-3)
    assert (along @ bench.right).max() > 8
    assert (along @ bench.down).max() > 5
    assert (along @ bench.right).min() > -0.1
    assert (along @ bench.down).min() > -0.1
    assert np.minimum(np.abs(along @ bench.right), np.abs(along @ bench.down)).max() < 1e-3

    # the eraser takes the line to the right away again, and nothing else
    press(page, "e")
    drag(page, (x, y), (x + 60, y))
    erased = bench.saved()
    assert set(np.unique(erased[erased != lines])) == {0}
    np.testing.assert_allclose(bench.along(np.argwhere(erased == 2), here) @ bench.right, 0, atol=1e-3)

    # a filled outline around the ball covers the slice of the ball, and the draft far away was never touched
    press(page, "f", "1")
    corners = [(x + 22 * np.cos(t), y + 22 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 17)]
    drag(page, *corners)
    filled = bench.saved()
    new = bench.along(np.argwhere(filled == 1), here)
    np.testing.assert_allclose(new @ bench.depth, 0, atol=1e-3)
    within = np.linalg.norm(grid_mm(bench.affine) - here, axis=-1) < np.linalg.norm(new, axis=1).max() - 1.5 * size
    assert (filled[bench.layer(here) & within] == 1).all()
    np.testing.assert_array_equal(filled == 3, bench.before == 3)


@pytest.mark.parametrize(("name", "plane"), every_pair("LPS sagittal", "PIR axial"))
def test_tools_work_where_the_pointer_was(page, viewer_server, cases, name, plane):
    bench = Bench(page, viewer_server, cases, name, plane)
    x, y = bench.pointer
    ball = bench.file("T1gd") == 1000

    # growing from a click on the ball marks the ball, voxel by voxel, and only when it is accepted
    press(page, "g")
    drag(page, (x, y))
    page.get_by_text("Enter draws it").wait_for()
    assert page.locator('output[data-label="1"]').inner_text() == "0.00 mL"
    press(page, "Enter")
    np.testing.assert_array_equal(bench.saved(), np.where(ball, 1, bench.before))

    # a dot apart is an island that goes, and the ball stays
    press(page, "b", *["["] * 6)
    drag(page, (x + 90, y))
    assert (bench.saved() == 1).sum() == ball.sum() + 1
    press(page, "Shift+L")
    np.testing.assert_array_equal(bench.saved(), np.where(ball, 1, bench.before))

    # two equal outlines four slices apart: the three slices between them get the same shape
    press(page, "Control+z", "Control+z", "Control+z", "f", "2")
    corners = [(x + 25 * np.cos(t), y + 25 * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 17)]
    drag(page, *corners)
    press(page, *["ArrowUp"] * 4)
    drag(page, *corners)
    ends = bench.saved() == 2
    press(page, "i", "Enter")
    filled = bench.saved() == 2
    axis = int(np.abs(bench.affine[:3, :3].T @ (bench.depth @ bench.axes)).argmax())
    slices = np.flatnonzero(ends.any(axis=tuple({0, 1, 2} - {axis})))
    assert len(slices) == 2
    assert slices[1] - slices[0] == 4
    first = ends.take(slices[0], axis)
    np.testing.assert_array_equal(first, ends.take(slices[1], axis))
    for between in range(slices[0], slices[1] + 1):
        np.testing.assert_array_equal(filled.take(between, axis), first)
    assert filled.sum() == 5 * first.sum()
