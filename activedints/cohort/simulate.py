"""One simulated case, and a folder of them in the layout of MSD Task01."""

import gzip
import json
import os
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import nibabel as nib
import numpy as np
import numpy.typing as npt

from activedints.cohort.anatomy import grow_brain
from activedints.cohort.contrast import acquire, label_array, mixture, tints
from activedints.cohort.growth import Plan, draw_plan, grow_tumour
from activedints.cohort.settings import CohortSettings
from activedints.cohort.template import Template, label_template, mni_template
from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.job import Report, silent
from activedints.core.volume import LabelMap, Volume, voxel_millilitres

Seed = int | np.random.SeedSequence
Facts = dict[str, object]


def case_seed(seed: int, index: int) -> np.random.SeedSequence:
    """The seed of case ``index``: independent of how many cases there are."""
    return np.random.SeedSequence(seed, spawn_key=(index,))


def plan_case(settings: CohortSettings, seed: Seed) -> Plan:
    """What ``simulate_case`` will make of this seed, without making it."""
    return draw_plan(settings, _stream(seed, 0))


def simulate_case(
    settings: CohortSettings, seed: Seed, templates: tuple[Path, ...] = ()
) -> tuple[Volume, LabelMap, Facts]:
    """One case: an image (channel, x, y, z) int16 valued, its labels, and what it is.

    ``templates`` are label maps of real anatomies; without them the head is bent from the MNI152 average.
    The same settings, seed and templates give the same bits.

    >>> volume, label, facts = simulate_case(CohortSettings(spacing=4.0), 3)
    >>> volume.channels
    ('FLAIR', 'T1w', 'T1gd', 'T2w')
    """
    plan = plan_case(settings, seed)
    template = _template(templates, _stream(seed, 1))
    brain = grow_brain(settings, template, _stream(seed, 2))
    tumour = grow_tumour(settings, brain, plan, _stream(seed, 3))
    fractions = mixture(settings, tumour, _stream(seed, 4))
    tinted = tints(settings, brain.hindbrain, _stream(seed, 6))
    images, faults = acquire(settings, fractions, brain.depth, tinted, _stream(seed, 5))
    label = LabelMap(label_array(settings, fractions) * brain.mask, brain.affine)
    volume = Volume(images.astype(np.float32), brain.affine, settings.channel_names)
    return volume, label, _facts(settings, plan, template, label, faults)


def simulate_cohort(
    folder: Path,
    cases: int,
    seed: int,
    settings: CohortSettings | None = None,
    report: Report = silent,
    templates: tuple[Path, ...] = (),
    processes: int = 1,
) -> Path:
    """Write ``cases`` simulated cases into ``folder`` in MSD Task01's layout; returns the path of ``dataset.json``.

    ``processes`` work side by side on single cases; the files do not depend on how many.
    Images are 4-D NIfTI, channels last, int16; ``dataset.json`` comes last, so that a folder with one is complete.
    Raises InvalidSettings for a number of cases below 1 and for a folder that holds another data set.
    """
    settings = settings or CohortSettings()
    if cases < 1:
        raise InvalidSettings(f"A cohort needs at least one case; {cases} were asked for.")
    path = _claimed(folder)
    for place in ("imagesTr", "labelsTr"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    make = partial(_write_case, folder, settings, seed, templates)
    entries = []
    with ExitStack() as stack:
        made = map(make, range(cases))
        if processes > 1:
            made = stack.enter_context(get_context("spawn").Pool(min(processes, cases))).imap(make, range(cases))
        for index, entry in enumerate(made):
            entries.append(entry)
            report(index + 1, cases, f"Simulated {Path(str(entry['image'])).name}")
    _write_atomically(path, json.dumps(_dataset(settings, seed, templates, entries), indent=1).encode())
    return path


def _write_case(
    folder: Path, settings: CohortSettings, seed: int, templates: tuple[Path, ...], index: int
) -> dict[str, object]:
    """Simulate case ``index`` and write its two files; its entry in ``dataset.json``."""
    name = f"sim_{index:04d}.nii.gz"
    volume, label, facts = simulate_case(settings, case_seed(seed, index), templates)
    channels_last = np.moveaxis(volume.array, 0, -1).astype(np.int16)
    _write_nifti(folder / "imagesTr" / name, channels_last, volume.affine)
    _write_nifti(folder / "labelsTr" / name, label.array, label.affine)
    return {"image": f"./imagesTr/{name}", "label": f"./labelsTr/{name}", "facts": facts}


def anatomy_files(folder: Path) -> tuple[Path, ...]:
    """The label maps in a folder, sorted by name. NotFound where there is none."""
    files = tuple(sorted(path for path in folder.glob("*.nii*") if not path.name.startswith(".")))
    if not files:
        raise NotFound(f"The anatomies folder {folder} holds no NIfTI label map; name another or none.")
    return files


def _claimed(folder: Path) -> Path:
    """The path of ``dataset.json``, which is gone until the cohort is whole. A folder of other data is refused."""
    path = folder / "dataset.json"
    if path.exists():
        try:
            ours = json.loads(path.read_text()).get("simulated") is True
        except (ValueError, AttributeError):
            ours = False
        if not ours:
            raise InvalidSettings(f"{path} is not a simulated cohort and would be overwritten; name another folder.")
        path.unlink()
    return path


def _stream(seed: Seed, part: int) -> np.random.Generator:
    """A generator for one part of a case, so that a change in one part leaves the others' draws alone."""
    root = seed if isinstance(seed, np.random.SeedSequence) else np.random.SeedSequence(seed)
    return np.random.default_rng(np.random.SeedSequence(root.entropy, spawn_key=(*root.spawn_key, part)))


def _template(paths: tuple[Path, ...], rng: np.random.Generator) -> Template:
    return label_template(paths[rng.integers(len(paths))]) if paths else mni_template()


def _facts(settings: CohortSettings, plan: Plan, template: Template, label: LabelMap, faults: dict[str, str]) -> Facts:
    millilitre = voxel_millilitres(label.affine)
    volumes = {name: round(float((label.array == value).sum()) * millilitre, 3) for value, name, _ in settings.labels}
    return {
        "simulated": True,
        "phenotype": plan.phenotype,
        "extent": plan.extent,
        "anatomy": template.name,
        "millilitres": volumes,
        "faults": faults,
    }


def _dataset(
    settings: CohortSettings, seed: int, templates: tuple[Path, ...], entries: list[dict[str, object]]
) -> dict[str, object]:
    label_set = settings.label_set
    return {
        "name": f"Simulated brain tumours, {settings.version}",
        "description": "Simulated: no patient was scanned. Reaction-diffusion tumours in deformed template anatomies.",
        "simulated": True,
        "cohort": settings.version,
        "hash": settings.hash,
        "seed": seed,
        "anatomies": [path.name for path in templates] or ["MNI152"],
        "licence": "As this project's; anatomies after their own licences, see docs/cohort.md",
        "tensorImageSize": "4D",
        "modality": {str(index): name for index, name in enumerate(settings.channel_names)},
        "labels": {str(value): name for value, name in zip(label_set.values, label_set.names)},
        "numTraining": len(entries),
        "numTest": 0,
        "training": entries,
        "test": [],
    }


def _write_nifti(path: Path, array: npt.NDArray[np.generic], affine: npt.NDArray[np.float64]) -> None:
    image = nib.Nifti1Image(array, affine)
    image.header.set_xyzt_units("mm")
    image.header["descrip"] = b"simulated"
    _write_atomically(path, gzip.compress(image.to_bytes(), compresslevel=4, mtime=0))


def _write_atomically(path: Path, data: bytes) -> None:
    partial = path.with_name(path.name + ".partial")
    with partial.open("wb") as handle:
        handle.write(data)
        handle.flush()
        os.fsync(handle.fileno())
    os.replace(partial, path)
