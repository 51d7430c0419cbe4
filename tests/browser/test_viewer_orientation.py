"""The orientation proof: strokes of a real mouse land in the voxels under the pointer, in files of any orientation.

A bright ball lies at a known place in mm. The test looks for it on the screen, as a reader would, and paints there;
what the server stored is then read with nibabel on the own affine of the file. No code of the viewer checks itself.
"""

import nibabel as nib
import numpy as np
import pytest
from driving import bright_centre, drag, open_case, press, stored
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


@pytest.mark.parametrize("plane", PLANES)
@pytest.mark.parametrize("name", FILES)
def test_strokes_land_under_the_pointer(page, viewer_server, cases, name, plane):
    number = list(FILES).index(name)
    folder = cases / str(number)
    (folder / "draft.nii.gz").unlink(missing_ok=True)
    (folder / "events.jsonl").unlink(missing_ok=True)
    affine = affine_of(name[:3], SHAPE, tilt=FILES[name])
    before = np.asanyarray(nib.load(folder / "label.nii.gz").dataobj)
    open_case(page, viewer_server, number)
    press(page, PLANES[plane], "k", "n")
    to_ball(page, affine, plane)
    page.mouse.move(5, 5)
    x, y = bright_centre(page, plane)
    axes = own_axes(affine)
    size = voxel_sizes(affine).max()

    def saved(event):
        press(page, "Control+s")
        image = stored(folder, "draft", event)
        np.testing.assert_allclose(image.affine, affine, atol=1e-4)
        return np.asanyarray(image.dataobj)

    # a dot with the smallest brush: one voxel, at the ball's centre
    press(page, "b", *["["] * 6)
    drag(page, (x, y))
    dot = saved(1)
    painted = np.argwhere(dot != before)
    assert len(painted) == 1
    assert dot[tuple(painted[0])] == 1
    here = apply_affine(affine, painted[0])
    assert np.linalg.norm(here - BALL) < 0.9 * size + 1

    # lines to the right and downwards: straight, in the plane, towards the side that the letters on the screen say
    press(page, "2")
    drag(page, (x, y), (x + 60, y))
    drag(page, (x, y), (x, y + 40))
    lines = saved(2)
    mm = apply_affine(affine, np.argwhere((lines != dot) | (lines == 2))) - here
    along = mm @ axes.T
    right, down = (np.array(way[plane]) for way in (RIGHT, DOWN))
    depth = np.cross(right, down)
    np.testing.assert_allclose(along @ np.abs(depth), 0, atol=1e-3)
    assert (along @ right).max() > 8
    assert (along @ down).max() > 5
    assert (along @ right).min() > -0.1
    assert (along @ down).min() > -0.1
    assert np.minimum(np.abs(along @ right), np.abs(along @ down)).max() < 1e-3

    # the eraser takes the line to the right away again, and nothing else
    press(page, "e")
    drag(page, (x, y), (x + 60, y))
    erased = saved(3)
    assert set(np.unique(erased[erased != lines])) == {0}
    assert (apply_affine(affine, np.argwhere(erased == 2)) - here) @ axes.T @ right == pytest.approx(0, abs=1e-3)

    # a filled outline around the ball covers the slice of the ball, and the draft far away was never touched
    press(page, "f", "1")
    grey_radius = 22
    corners = [(x + grey_radius * np.cos(t), y + grey_radius * np.sin(t)) for t in np.linspace(0, 2 * np.pi, 17)]
    drag(page, *corners)
    filled = saved(4)
    new = apply_affine(affine, np.argwhere(filled == 1)) - here
    radii = np.linalg.norm(new, axis=1)
    np.testing.assert_allclose(new @ axes.T @ np.abs(depth), 0, atol=1e-3)
    full = (np.abs((grid_mm(affine) - here) @ axes.T @ np.abs(depth)) < 0.1) & (
        np.linalg.norm(grid_mm(affine) - here, axis=-1) < radii.max() - 1.5 * size
    )
    assert (filled[full] == 1).all()
    np.testing.assert_array_equal(filled == 3, before == 3)
