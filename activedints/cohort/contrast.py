"""How a scanner sees it: tissue means with their randomness, texture, bias field, blur, Rician noise, grey scale.

The generative model is SynthSeg's (Billot et al., Medical Image Analysis 2023) around the ordinary look of each
sequence; Rician noise as in BrainWeb (Collins et al., IEEE TMI 1998; Gudbjartsson & Patz 1995).
"""

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.cohort.fields import Field, smooth_noise
from activedints.cohort.growth import Tumour
from activedints.cohort.settings import FINDINGS, TISSUES, CohortSettings, Contrast

TUMOUR = slice(TISSUES.index("edema"), None)


def mixture(settings: CohortSettings, tumour: Tumour, rng: np.random.Generator) -> Field:
    """All tissues' fractions (tissue, x, y, z), TISSUES' order, summing to 1 in the brain: findings over anatomy."""
    brain = tumour.brain
    csf, ventricle, _, _, white = brain.fractions
    findings = tumour.fractions.copy()
    fine = smooth_noise(rng, csf.shape, 4 / settings.spacing)
    broad = smooth_noise(rng, csf.shape, 25 / settings.spacing)
    rim = np.exp(-brain.depth / 6) * brain.mask
    # a vessel is a line: where two smooth noises cross 0 together, along the surface and in the sulci
    first, second = (smooth_noise(rng, csf.shape, 14 / settings.spacing) for _ in range(2))
    tubes = np.exp(-(first**2 + second**2) / rng.uniform(0.01, 0.05))
    sinus = rim**2 * np.exp(-((_from_middle(brain.mask) * settings.spacing / 4) ** 2)) * rng.uniform(0, 1.5)
    plexus = np.exp(-(first**2 + second**2) / 0.2) * ventricle * rng.uniform(0, 0.8)
    # what skull stripping left of the meninges: a patchy outer shell that takes up contrast agent as vessels do
    meninges = np.clip(broad - rng.uniform(-0.5, 2.0), 0, 1) * (brain.depth < rng.uniform(0, 4)) * brain.mask
    surface = np.clip(csf + rim - 0.2, 0, 1)
    speckles = 0.8 * np.clip(fine + 0.5 * broad - 1.6, 0, 1)
    vessels = np.clip((tubes + speckles) * surface + sinus + plexus + meninges, 0, 1)
    findings[FINDINGS.index("vessel")] = vessels
    caps = ndimage.gaussian_filter(ventricle, 3 / settings.spacing) * white * rng.uniform(0, 1.2)
    dots = np.clip(fine + broad - rng.uniform(2.2, 4.0), 0, 1) * white
    findings[FINDINGS.index("spot")] = np.clip(caps + dots, 0, 1)
    tumour_part = np.clip(tumour.fractions.sum(0), 0, 1)
    for harmless in ("vessel", "spot"):
        findings[FINDINGS.index(harmless)] *= 1 - tumour_part
    # edema lies within tissue: fluid keeps its own signal
    findings[FINDINGS.index("edema")] *= 1 - np.clip(csf + ventricle, 0, 1)
    covered = findings.sum(0)
    findings /= np.maximum(covered, 1)
    rest = np.clip(1 - covered, 0, 1)
    return np.concatenate([brain.fractions * rest, findings * brain.mask])


def _from_middle(mask: npt.NDArray[np.bool_]) -> Field:
    """Distance in voxels of every voxel from the middle of the brain's width (x, 1, 1)."""
    return np.abs(np.arange(mask.shape[0], dtype=np.float32) - (mask.shape[0] - 1) / 2)[:, None, None]


def label_array(settings: CohortSettings, fractions: Field) -> npt.NDArray[np.uint8]:
    """The label (x, y, z) uint8 that an expert would draw: the label whose tissues fill half of a voxel or more."""
    labels = np.zeros(fractions.shape[1:], np.uint8)
    parts = [sum(fractions[TISSUES.index(tissue)] for tissue in tissues) for _, _, tissues in settings.labels]
    total = np.sum(parts, axis=0)
    best = np.argmax(parts, axis=0)
    values = np.array([value for value, _, _ in settings.labels], np.uint8)
    labels[total >= 0.5] = values[best[total >= 0.5]]
    return labels


def tints(settings: CohortSettings, hindbrain: Field, rng: np.random.Generator) -> Field:
    """What each channel is multiplied by (channel, x, y, z): cerebellum and brain stem have a brightness of their own,
    mostly shared by a case's channels, as the coil's reach makes it. 1 everywhere where ``settings.hindbrain`` is 0."""
    own = rng.normal(0, 1) + 0.4 * rng.normal(0, 1, len(settings.channels))
    factors = np.clip(own * settings.hindbrain, -0.45, 0.6).astype(np.float32)
    return 1 + factors[:, None, None, None] * hindbrain


def acquire(
    settings: CohortSettings, fractions: Field, depth: Field, tints: Field, rng: np.random.Generator
) -> tuple[npt.NDArray[np.int16], dict[str, str]]:
    """Images (channel, x, y, z) int16 and what is wrong with which channel.

    ``depth`` (x, y, z) is the distance to the brain's surface in mm; where it is 0 the images are 0. ``tints``
    (channel, x, y, z) multiply the signal.
    """
    jitter, stands_out = rng.uniform(*settings.mean_jitter), rng.uniform(*settings.conspicuity)
    images: list[npt.NDArray[np.int16]] = []
    faults: dict[str, str] = {}
    for contrast, tint in zip(settings.channels, tints):
        image, fault = _channel(settings, contrast, fractions, (depth, tint), (jitter, stands_out), rng)
        last = contrast is settings.channels[-1]
        if fault == "missing" and last and all(faults.get(other.name) == fault for other in settings.channels[:-1]):
            fault = ""  # an examination without any image does not exist
        if fault:
            faults[contrast.name] = fault
        images.append(np.zeros_like(image) if fault == "missing" else image)
    return np.stack(images), faults


def _channel(
    settings: CohortSettings,
    contrast: Contrast,
    fractions: Field,
    place: tuple[Field, Field],
    character: tuple[float, float],
    rng: np.random.Generator,
) -> tuple[npt.NDArray[np.int16], str]:
    depth, tint = place
    mask = depth > 0
    chance = rng.random()
    fault = "missing" if chance < settings.missing else "bad" if chance < settings.missing + settings.bad else ""
    image = _signal(settings, contrast, fractions, depth, character, rng) * tint
    image = _blurred(settings, image, mask, fault == "bad", rng)
    top = max(float(image[mask].max()), 1e-3)
    image = top * (np.clip(image, 0, None) / top) ** np.exp(rng.normal(0, settings.gamma))
    image *= np.exp(smooth_noise(rng, mask.shape, 70 / settings.spacing) * rng.uniform(*settings.bias))
    noise = rng.uniform(*settings.noise) * (3 if fault == "bad" else 1)
    real, imaginary = (noise * rng.standard_normal(mask.shape, dtype=np.float32) for _ in range(2))
    image = np.hypot(image + real, imaginary)
    white = float(np.median(image[mask]))
    scale = np.exp(rng.uniform(*np.log(settings.scale))) / max(white, 1e-3)
    # a voxel of the brain is never 0: 0 means that nobody scanned there
    grey = np.clip(np.round(image * scale), 1, 32767).astype(np.int16) * mask
    return grey, fault


def _signal(
    settings: CohortSettings,
    contrast: Contrast,
    fractions: Field,
    depth: Field,
    character: tuple[float, float],
    rng: np.random.Generator,
) -> Field:
    """Sum of fraction times mean, the mean varying between cases and slowly over the brain, plus texture."""
    jitter, stands_out = character
    means = np.array(contrast.means) + np.clip(rng.normal(0, 1, len(TISSUES)), -2, 2) * contrast.spreads * jitter
    white = means[TISSUES.index("white")]
    means[TUMOUR] = white + stands_out * (means[TUMOUR] - white)
    means = np.maximum(means, 0.05).astype(np.float32)
    shape = fractions.shape[1:]
    # the coil is nearest to the surface, nearer to one side of it than to another
    nearness = 1 + 0.7 * smooth_noise(rng, shape, 60 / settings.spacing)
    glow = rng.normal(*settings.glow)
    surface = np.clip(np.exp(-depth / rng.uniform(*settings.glow_depth)) * glow * nearness, -0.5, 1).astype(np.float32)
    slow = smooth_noise(rng, shape, 45 / settings.spacing) * np.float32(rng.uniform(0.01, 0.06))
    texture = smooth_noise(rng, shape, 3 / settings.spacing) * np.float32(rng.uniform(*settings.texture))
    lumps = smooth_noise(rng, shape, 9 / settings.spacing) * np.float32(rng.uniform(0.02, 0.12))
    signal = np.zeros(shape, np.float32)
    for tissue, mean in zip(fractions, means):
        signal += tissue * mean
    ill = fractions[TUMOUR].sum(0)
    grey = fractions[TISSUES.index("cortex")] + fractions[TISSUES.index("deep grey")]
    return signal * (1 + texture + slow * grey + lumps * ill + surface)


def _blurred(
    settings: CohortSettings, image: Field, mask: npt.NDArray[np.bool_], bad: bool, rng: np.random.Generator
) -> Field:
    """The point spread: in-plane blur, now and then thick slices along one axis, normalised at the brain's edge."""
    sigma = np.full(3, rng.uniform(*settings.blur))
    if bad:
        sigma *= rng.uniform(1.5, 3.0)
    if rng.random() < settings.thick_slices:
        sigma[rng.choice(3, p=[0.2, 0.2, 0.6])] = rng.uniform(*settings.slice_mm) / 2.355
    sigma = sigma / settings.spacing
    weight = ndimage.gaussian_filter(mask.astype(np.float32), sigma)
    return ndimage.gaussian_filter(image * mask, sigma) / np.maximum(weight, 0.2)
