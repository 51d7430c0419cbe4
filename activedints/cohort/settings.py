"""What a simulated cohort is made from: one frozen value, a version and a hash. Everything tunable is data here."""

import hashlib
import json
from dataclasses import asdict, dataclass

from activedints.core.errors import InvalidSettings
from activedints.core.settings import LabelSet

ANATOMY = ("csf", "ventricle", "cortex", "deep grey", "white")
"""Tissues of a healthy brain; every voxel of the brain holds fractions of them."""
FINDINGS = ("vessel", "spot", "edema", "solid", "necrosis", "enhancing")
"""What is painted over the anatomy: vessels, harmless white-matter spots and the four tumour tissues."""
TISSUES = ANATOMY + FINDINGS

PHENOTYPES = ("healthy", "ring", "solid", "patchy", "non-enhancing")
EXTENTS = ("single", "small", "multifocal", "bilateral")

Range = tuple[float, float]


@dataclass(frozen=True)
class Contrast:
    """One MR channel: mean and standard deviation (between cases) of every tissue, white matter = 1.

    ``means`` and ``spreads`` follow TISSUES. Values are our own reading of how the sequences look, in the manner of
    BrainWeb's tissue parameters (Collins et al. 1998) and of SynthSeg's randomised means (Billot et al. 2023).
    """

    name: str
    means: tuple[float, ...]
    spreads: tuple[float, ...]

    def __post_init__(self) -> None:
        if not len(self.means) == len(self.spreads) == len(TISSUES):
            raise InvalidSettings(f"Contrast {self.name} needs one mean and one spread for each of {TISSUES}.")


#    csf   ventr cortex deep  white vessel spot edema solid necr  enhancing
FLAIR = Contrast(
    "FLAIR",
    (0.40, 0.25, 1.12, 1.06, 1.00, 0.75, 1.45, 1.60, 1.65, 1.40, 1.60),
    (0.14, 0.10, 0.10, 0.08, 0.00, 0.20, 0.15, 0.25, 0.30, 0.45, 0.25),
)
T1W = Contrast(
    "T1w",
    (0.40, 0.32, 0.77, 0.86, 1.00, 0.75, 0.90, 0.85, 0.74, 0.62, 0.82),
    (0.10, 0.08, 0.06, 0.05, 0.00, 0.15, 0.06, 0.06, 0.11, 0.14, 0.09),
)
T1GD = Contrast(
    "T1gd",
    (0.42, 0.30, 0.79, 0.87, 1.00, 1.70, 0.90, 0.85, 0.74, 0.58, 1.60),
    (0.12, 0.08, 0.07, 0.06, 0.00, 0.40, 0.06, 0.08, 0.11, 0.13, 0.35),
)
T2W = Contrast(
    "T2w",
    (2.30, 2.80, 1.22, 1.08, 1.00, 0.90, 1.35, 1.65, 1.95, 2.25, 1.75),
    (0.40, 0.40, 0.10, 0.09, 0.00, 0.35, 0.15, 0.25, 0.35, 0.40, 0.25),
)


@dataclass(frozen=True)
class CohortSettings:
    """A cohort's recipe. Lengths in mm, volumes in mL, ranges uniform unless said otherwise.

    >>> CohortSettings().version
    'cohort-v1'
    """

    version: str = "cohort-v1"
    spacing: float = 2.0
    margin: int = 2
    """Empty voxels around the brain."""

    channels: tuple[Contrast, ...] = (FLAIR, T1W, T1GD, T2W)
    labels: tuple[tuple[int, str, tuple[str, ...]], ...] = (
        (1, "edema", ("edema",)),
        (2, "non-enhancing tumor", ("solid", "necrosis")),
        (3, "enhancing tumour", ("enhancing",)),
    )
    """Label value, its name, the tissues that carry it."""

    phenotypes: tuple[float, ...] = (0.06, 0.36, 0.12, 0.18, 0.28)
    """Shares of PHENOTYPES."""
    extents: tuple[float, ...] = (0.62, 0.16, 0.10, 0.12)
    """Shares of EXTENTS among the ill."""

    # anatomy
    head: float = 0.92
    """Size of the average head beside the MNI152 template, whose brain is larger than a brain."""
    stretch: float = 0.05
    rotation: float = 0.12
    """Standard deviation of the head's tilt, radians."""
    warp_coarse: Range = (3.0, 7.0)
    """Largest displacement of the smooth deformation whose features measure about 40 mm."""
    warp_fine: Range = (1.0, 2.5)
    """The same for features of about 12 mm, the scale of a gyrus."""
    atrophy: Range = (-0.12, 0.22)
    """Shift of the threshold at which a sulcus shows fluid."""
    ventricles: Range = (-3.0, 4.0)
    """Growth of the ventricles' wall."""

    # growth
    core_ml: Range = (3.0, 110.0)
    """Volume of the core (log-uniform)."""
    small_ml: Range = (0.4, 4.0)
    edema_ratio: Range = (0.4, 4.0)
    """Edema volume over core volume (log-uniform)."""
    edema_most_ml: float = 140.0
    front: Range = (1.2, 3.0)
    """sqrt(D / rho) in white matter: how soft the advancing edge is."""
    unevenness: Range = (0.1, 0.6)
    """Logarithmic spread of growth over the brain: from a round core to a ragged one."""
    grey_ratio: Range = (0.15, 0.9)
    """D in grey matter over D in white matter, for the core; edema hardly enters grey matter."""
    edema_front: Range = (1.5, 2.8)
    mass_effect: Range = (0.0, 0.35)
    """Largest displacement at the core's border over the core's radius."""
    rim: Range = (2.0, 5.5)
    """Thickness of the enhancing rim."""

    # image
    mean_jitter: Range = (0.4, 1.4)
    """A case's factor on all spreads: some scanners are ordinary, some are not."""
    conspicuity: Range = (0.5, 1.3)
    """How far a case's tumour stands out of white matter, as a share of the contrasts' means: some hardly do."""
    hindbrain: float = 0.0
    """Standard deviation, between cases, of the brightness of cerebellum and brain stem beside the rest of the brain.
    0, as in cohort-v1, leaves them as bright as the rest; only another value enters the hash."""
    gamma: float = 0.15
    glow: Range = (0.1, 0.2)
    """Mean and standard deviation, over channels, of the brightening of the surface, as a share of the signal."""
    glow_depth: Range = (3.0, 16.0)
    """Depth in mm over which it fades."""
    bias: Range = (0.02, 0.2)
    noise: Range = (0.006, 0.04)
    texture: Range = (0.005, 0.04)
    blur: Range = (0.3, 1.2)
    """Standard deviation of the point spread in mm beyond the voxel."""
    thick_slices: float = 0.25
    """Probability, per channel, of thick slices."""
    slice_mm: Range = (3.0, 7.0)
    bad: float = 0.06
    """Probability, per channel, of a heavily blurred or noisy acquisition."""
    missing: float = 0.01
    scale: Range = (150.0, 3000.0)
    """Grey value of white matter (log-uniform): every scanner has its own units."""

    def __post_init__(self) -> None:
        if not 0.5 <= self.spacing <= 5:
            raise InvalidSettings(f"The spacing must lie in [0.5, 5] mm; it is {self.spacing}.")
        for name, shares, kinds in (("phenotypes", self.phenotypes, PHENOTYPES), ("extents", self.extents, EXTENTS)):
            if len(shares) != len(kinds) or min(shares) < 0 or abs(sum(shares) - 1) > 1e-9:
                raise InvalidSettings(f"{name} needs one share per kind {kinds}, summing to 1; it is {shares}.")
        unknown = {tissue for _, _, tissues in self.labels for tissue in tissues} - set(FINDINGS)
        if unknown:
            raise InvalidSettings(f"A label is made of unknown tissues {sorted(unknown)}; choose among {FINDINGS}.")
        self.label_set  # noqa: B018  (raises InvalidLabels where the values break its rules)

    @property
    def label_set(self) -> LabelSet:
        rows = sorted(self.labels)
        return LabelSet((0, *(row[0] for row in rows)), ("background", *(row[1] for row in rows)))

    @property
    def channel_names(self) -> tuple[str, ...]:
        return tuple(channel.name for channel in self.channels)

    @property
    def hash(self) -> str:
        """SHA-256 of all settings as sorted JSON: two cohorts of one hash and seed are the same cohort."""
        settings = asdict(self)
        if self.hindbrain == 0:
            del settings["hindbrain"]  # cohort-v1 was frozen before there was one
        return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()
