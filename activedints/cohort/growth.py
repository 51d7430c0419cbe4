"""A tumour that grows in a brain: Fisher-KPP reaction-diffusion, mass effect, necrosis, rim and oedema.

    du/dt = div(D(x) grad u) + rho(x) u (1 - u)

with more diffusion in white than in grey matter and none in fluid (Swanson, Alvord & Murray, Cell Proliferation 2000).
Edema is a second front that prefers white matter; the core pushes the brain aside as in TumorSim (Prastawa, Bullitt &
Gerig, Medical Image Analysis 2009; Menze et al., IEEE TMI 2015 for the labels).
"""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import ndimage

from activedints.cohort.anatomy import Brain
from activedints.cohort.fields import Field, pull, smooth_noise, tame
from activedints.cohort.settings import EXTENTS, FINDINGS, PHENOTYPES, CohortSettings

CORE_LEVEL = 0.5
EDEMA_LEVEL = 0.35


@dataclass(frozen=True)
class Plan:
    """What kind of case this will be, drawn before any image: cheap to ask for."""

    phenotype: str
    extent: str
    core_ml: float
    edema_ml: float

    @property
    def healthy(self) -> bool:
        return self.phenotype == "healthy"


@dataclass(frozen=True)
class Tumour:
    """``fractions`` (finding, x, y, z) float32 in FINDINGS' order, painted over ``brain``, which was pushed aside."""

    fractions: Field
    brain: Brain


def draw_plan(settings: CohortSettings, rng: np.random.Generator) -> Plan:
    """Phenotype, extent and volumes (mL) of one case."""
    phenotype = PHENOTYPES[rng.choice(len(PHENOTYPES), p=settings.phenotypes)]
    extent = EXTENTS[rng.choice(len(EXTENTS), p=settings.extents)]
    low, high = settings.small_ml if extent == "small" else settings.core_ml
    core = float(np.exp(rng.uniform(np.log(low), np.log(high))))
    ratio = float(np.exp(rng.uniform(*np.log(settings.edema_ratio))))
    if phenotype == "healthy":
        return Plan(phenotype, "none", 0.0, 0.0)
    return Plan(phenotype, extent, core, min(core * ratio + 2.0, settings.edema_most_ml))


def grow_tumour(settings: CohortSettings, brain: Brain, plan: Plan, rng: np.random.Generator) -> Tumour:
    """Grow the planned tumour. Everything is computed on the brain's grid and returned on it."""
    if plan.healthy:
        return Tumour(np.zeros((len(FINDINGS), *brain.mask.shape), np.float32), brain)
    voxel_ml = settings.spacing**3 / 1000
    seeds = _seeds(settings, brain, plan, rng)
    core = _core(settings, brain, seeds, plan, voxel_ml, rng)
    push = _push(settings, brain, core, rng)
    brain, core = _displaced(brain, core, push)
    edema = _edema(settings, brain, core, plan, voxel_ml, rng)
    inside = core > CORE_LEVEL
    fractions = np.zeros((len(FINDINGS), *brain.mask.shape), np.float32)
    edema_part = np.clip((edema - 0.1) / (2 * (EDEMA_LEVEL - 0.1)), 0, 1) * ~inside
    fractions[FINDINGS.index("edema")] = edema_part
    for tissue, part in _compartments(settings, inside, plan, rng).items():
        fractions[FINDINGS.index(tissue)] = part
    fractions *= brain.mask
    return Tumour(fractions, brain)


def _seeds(settings: CohortSettings, brain: Brain, plan: Plan, rng: np.random.Generator) -> list[npt.NDArray[np.int64]]:
    """Voxels where it starts: white matter mostly, above the cerebellum; near the midline where it is bilateral."""
    csf, ventricle, cortex, deep, white = brain.fractions
    weight = white + 0.35 * cortex + 0.25 * deep
    weight = ndimage.gaussian_filter(weight, 2.0 / settings.spacing) * (csf + ventricle < 0.5)
    x, y, z = weight.shape
    weight[:, : int(0.45 * y), : int(0.42 * z)] = 0  # cerebellum and brain stem
    weight[:, :, : int(0.15 * z)] = 0
    if plan.extent == "bilateral":
        off = np.abs(np.arange(x) - (x - 1) / 2) * settings.spacing
        weight *= (off < 4)[:, None, None]  # white matter there is the corpus callosum
        weight *= white**2
    first = _drawn(weight, rng)
    if plan.extent != "multifocal":
        return [first]
    grid = np.stack(np.indices(weight.shape))
    distance = np.sqrt(((grid - first[:, None, None, None]) ** 2).sum(0)) * settings.spacing
    weight = weight * (distance > 22) * (distance < 70)
    return [first, *(_drawn(weight, rng) for _ in range(int(rng.integers(1, 3))))]


def _drawn(weight: Field, rng: np.random.Generator) -> npt.NDArray[np.int64]:
    total = np.cumsum(weight.ravel(), dtype=np.float64)
    place = np.searchsorted(total, rng.random() * total[-1], side="right")
    return np.array(np.unravel_index(min(place, total.size - 1), weight.shape))


def _core(
    settings: CohortSettings,
    brain: Brain,
    seeds: list[npt.NDArray[np.int64]],
    plan: Plan,
    voxel_ml: float,
    rng: np.random.Generator,
) -> Field:
    """Tumour cell density in 0..1; each focus is grown to its share of the planned volume."""
    csf, _, cortex, deep, white = brain.fractions
    ratio, front = rng.uniform(*settings.grey_ratio), rng.uniform(*settings.front)
    uneven = np.exp(rng.uniform(*settings.unevenness) * smooth_noise(rng, brain.mask.shape, 14 / settings.spacing))
    medium = (white + ratio * (cortex + deep)) * uneven + 0.02 * csf
    shares = rng.dirichlet([3.0] + [1.0] * (len(seeds) - 1)) if len(seeds) > 1 else [1.0]
    density = np.zeros(brain.mask.shape, np.float32)
    for seed, share in zip(seeds, shares):
        millilitres = max(plan.core_ml * float(share), 0.3)
        start = np.zeros_like(density)
        reach = max(1.0, 2.0 / settings.spacing)
        box = tuple(slice(max(int(at - reach), 0), int(at + reach) + 1) for at in seed)
        start[box] = 1.0
        grown = front_growth(start, medium * brain.mask, front, settings.spacing, CORE_LEVEL, millilitres / voxel_ml)
        np.maximum(density, grown, out=density)
    return density


def front_growth(
    start: Field, medium: Field, front: float, spacing: float, level: float, voxels: float, most_steps: int = 1500
) -> Field:
    """Fisher-KPP from ``start`` until ``voxels`` voxels exceed ``level``. Returns the density (x, y, z) in 0..1.

    ``medium`` (x, y, z) scales diffusion and growth together (0 blocks); ``front`` is sqrt(D / rho) in mm where it
    is 1. Explicit Euler in a box around the start, time in units of 1 / rho; the flux through a face uses the
    geometric mean of its two sides, so that nothing enters blocked voxels.
    """
    radius = (3 * voxels / (4 * np.pi)) ** (1 / 3)
    reach = int(1.9 * radius + 10 / spacing)
    where = ndimage.find_objects((start > 0).astype(np.int8))[0]
    box = tuple(slice(max(side.start - reach, 0), side.stop + reach) for side in where)
    medium = np.minimum(medium[box], 2.0)
    u = start[box].copy()
    diffusion = np.float32((front / spacing) ** 2)
    step = np.float32(min(0.35, 0.9 / (6 * diffusion * max(float(medium.max()), 1e-3))))
    faces = []
    for axis in range(3):
        ahead, behind = _sides(axis)
        faces.append((ahead, behind, np.sqrt(medium[ahead] * medium[behind]) * (step * diffusion)))
    rate = medium * step
    change = np.empty_like(u)
    for count in range(most_steps):
        np.subtract(1, u, out=change)
        change *= u
        change *= rate
        for ahead, behind, conductance in faces:
            flux = u[ahead] - u[behind]
            flux *= conductance
            change[ahead] -= flux
            change[behind] += flux
        u += change
        if count % 4 == 3 and np.count_nonzero(u > level) >= voxels:
            break
    grown = np.zeros_like(start)
    grown[box] = np.clip(u, 0, 1)
    return grown


def _sides(axis: int) -> tuple[tuple[slice, ...], tuple[slice, ...]]:
    whole = [slice(None)] * 3
    ahead, behind = list(whole), list(whole)
    ahead[axis], behind[axis] = slice(1, None), slice(None, -1)
    return tuple(ahead), tuple(behind)


def _push(settings: CohortSettings, brain: Brain, core: Field, rng: np.random.Generator) -> Field:
    """Mass effect: displacement (3, x, y, z) in voxels, outward from the core, none at the skull."""
    strength = rng.uniform(*settings.mass_effect)
    inside = (core > CORE_LEVEL).astype(np.float32)
    radius = (3 * inside.sum() / (4 * np.pi)) ** (1 / 3)
    pressure = ndimage.gaussian_filter(inside, max(0.8 * radius, 1.0), truncate=3)
    held = np.clip(brain.depth / 10, 0, 1)
    outward = -np.stack(np.gradient(pressure))
    longest = max(float(np.sqrt((outward**2).sum(0)).max()), 1e-6)
    return tame((outward * held * (strength * radius / longest)).astype(np.float32), 0.6)


def _displaced(brain: Brain, core: Field, push: Field) -> tuple[Brain, Field]:
    """Brain and core read where each voxel came from."""
    points = np.indices(brain.mask.shape, dtype=np.float32) - push
    fractions = np.stack([pull(part, points) for part in brain.fractions])
    fractions /= np.maximum(fractions.sum(0), 1e-3)
    fractions *= brain.mask
    return Brain(fractions, brain.mask, brain.depth, brain.affine, brain.hindbrain), pull(core, points)


def _edema(
    settings: CohortSettings, brain: Brain, core: Field, plan: Plan, voxel_ml: float, rng: np.random.Generator
) -> Field:
    """Edema as a softer front out of the core that runs along white matter and spares cortex."""
    _, _, cortex, deep, white = brain.fractions
    inside = (core > CORE_LEVEL).astype(np.float32)
    uneven = np.exp(0.7 * smooth_noise(rng, core.shape, 20 / settings.spacing))
    grey = rng.uniform(0.03, 0.25)
    medium = np.maximum((white**1.5 + grey * (cortex + deep)) * uneven, inside) * brain.mask
    wanted = np.count_nonzero(inside) + plan.edema_ml / voxel_ml
    return front_growth(inside, medium, rng.uniform(*settings.edema_front), settings.spacing, EDEMA_LEVEL, wanted, 300)


def _compartments(
    settings: CohortSettings, inside: npt.NDArray[np.bool_], plan: Plan, rng: np.random.Generator
) -> dict[str, Field]:
    """The core divided into enhancing, necrotic and solid tissue by the phenotype's rule."""
    shape, spacing = inside.shape, settings.spacing
    depth = ndimage.distance_transform_edt(inside).astype(np.float32) * spacing
    coarse = smooth_noise(rng, shape, 18 / spacing)
    fine = smooth_noise(rng, shape, 7 / spacing)
    rim = rng.uniform(*settings.rim) * np.exp(0.35 * fine + 0.2 * coarse)
    if plan.phenotype == "ring":
        gaps = coarse > rng.uniform(1.0, 2.2)
        outside_rim = np.clip(rng.normal(0, 1.5), 0, 4) * (coarse > 0)
        enhancing = (depth > outside_rim) & (depth <= rim + outside_rim) & ~gaps
        dead = depth > rim + outside_rim
    elif plan.phenotype == "solid":
        enhancing = fine + 0.8 * coarse > rng.uniform(-2.2, -0.8)
        dead = ~enhancing
    elif plan.phenotype == "patchy":
        enhancing = fine + coarse > rng.uniform(1.2, 2.2)
        dead = (coarse < rng.uniform(-2.2, -1.2)) & (depth > 5)
    else:
        enhancing = np.zeros_like(inside)
        dead = (coarse < rng.uniform(-4, -1.5)) & (depth > 5)
    enhancing = enhancing & inside
    dead = dead & inside & ~enhancing
    solid = inside & ~enhancing & ~dead
    return {
        "enhancing": enhancing.astype(np.float32),
        "necrosis": dead.astype(np.float32),
        "solid": solid.astype(np.float32),
    }
