"""A channel onto the grid of a reference channel with SimpleITK: by its header, or rigidly registered on request."""

import numpy as np
import numpy.typing as npt
import SimpleITK as sitk

from activedints.core.errors import InvalidGeometry
from activedints.core.volume import Volume
from activedints.formats.grid import Grid

LEAST_COVERED = 0.5
"""Share of the reference grid that a channel must cover; less is another part of the body or a wrong header."""

LEVELS_MM = (8.0, 4.0)
"""Registration compares the images on grids of about these steps: enough for a fraction of a millimetre."""


def resample(moving: Volume, reference: Volume, register: bool = False) -> tuple[npt.NDArray[np.float32], str]:
    """The one channel of ``moving`` on the grid of ``reference`` (x, y, z), linear, 0 outside; what was done in words.

    ``register`` first moves it rigidly to maximise mutual information (Mattes et al. 2003), starting from the
    headers; if that finds nothing better than the headers say, they stand. InvalidGeometry if the two barely overlap.
    """
    fixed, image = to_sitk(reference), to_sitk(moving)
    transform: sitk.Transform = sitk.Transform(3, sitk.sitkIdentity)
    done = f"resampled from {Grid(moving.array.shape[1:], moving.affine)}"  # type: ignore[arg-type]
    if register:
        transform, how = rigid(fixed, image)
        done = f"{how}, then {done}"
    inside = sitk.Image(image.GetSize(), sitk.sitkUInt8) + 1
    inside.CopyInformation(image)
    covered = sitk.GetArrayFromImage(sitk.Resample(inside, fixed, transform, sitk.sitkNearestNeighbor, 0)).mean()
    channel = moving.channels[0]
    if covered < LEAST_COVERED:
        raise InvalidGeometry(
            f"Channel {channel} must overlap the reference channel {reference.channels[0]}; it covers {covered:.0%} of "
            "it: check that both are of one examination, or register them elsewhere."
        )
    result = sitk.GetArrayFromImage(sitk.Resample(image, fixed, transform, sitk.sitkLinear, 0.0, sitk.sitkFloat32))
    note = f"channel {channel} was {done} onto {reference.channels[0]}, of which it covers {covered:.0%}"
    return result.transpose(2, 1, 0), note


def to_sitk(volume: Volume) -> sitk.Image:
    """The first channel as a SimpleITK image in its world, which counts towards Left and Posterior (LPS)."""
    image = sitk.GetImageFromArray(np.ascontiguousarray(volume.array[0].T, dtype=np.float32))
    lps = np.diag([-1.0, -1.0, 1.0, 1.0]) @ volume.affine
    sizes = np.sqrt((lps[:3, :3] ** 2).sum(axis=0))
    image.SetSpacing(sizes.tolist())
    image.SetOrigin(lps[:3, 3].tolist())
    image.SetDirection((lps[:3, :3] / sizes).ravel().tolist())
    return image


def rigid(fixed: sitk.Image, moving: sitk.Image) -> tuple[sitk.Transform, str]:
    """Rigid transform (fixed world -> moving world) and how far it moves the centre of the image."""
    centre = fixed.TransformContinuousIndexToPhysicalPoint([(n - 1) / 2 for n in fixed.GetSize()])
    start = sitk.Euler3DTransform()
    start.SetCenter(centre)
    method = sitk.ImageRegistrationMethod()
    method.SetMetricAsMattesMutualInformation(numberOfHistogramBins=50)
    method.SetMetricSamplingStrategy(method.RANDOM)
    method.SetMetricSamplingPercentage(0.5, 1)
    method.SetInterpolator(sitk.sitkLinear)
    method.SetOptimizerAsRegularStepGradientDescent(2.0, 1e-3, 150, 0.6)
    method.SetOptimizerScalesFromPhysicalShift()
    method.SetShrinkFactorsPerLevel([max(1, round(step / min(fixed.GetSpacing()))) for step in LEVELS_MM])
    method.SetSmoothingSigmasPerLevel([step / 4 for step in LEVELS_MM])
    method.SmoothingSigmasAreSpecifiedInPhysicalUnitsOn()
    method.SetNumberOfThreads(1)  # the order of summation, and so the answer, stays the same
    method.SetInitialTransform(start, inPlace=False)
    before = method.MetricEvaluate(fixed, moving)
    found = method.Execute(fixed, moving)
    method.SetInitialTransform(found, inPlace=False)
    if method.MetricEvaluate(fixed, moving) >= before:
        return start, "registered without finding a better place than its header's"
    moved = np.linalg.norm(np.subtract(found.TransformPoint(centre), centre))
    matrix = np.array(sitk.Euler3DTransform(sitk.CompositeTransform(found).GetBackTransform()).GetMatrix()).reshape(
        3, 3
    )
    angle = np.degrees(np.arccos(np.clip((np.trace(matrix) - 1) / 2, -1, 1)))
    return found, f"moved by {moved:.1f} mm and {angle:.1f} degrees (rigid registration)"
