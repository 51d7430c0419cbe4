"""The starter model: our small architecture trained on simulated cases alone (``activedints bench starter``).

Half of the cases are bent from the MNI152 average, half from the 16 label maps of real anatomies that SynthSeg
publishes (Apache-2.0; Billot et al., 2023); the hindbrain has a brightness of its own. Writes
``activedints/learn/models/starter.safetensors`` (fp16) and measures it on fresh simulated cases (fp16 against fp32)
and, without one real label, on the real cases. Simulation was tuned on 00006, 01476, 01478 and 01480 only; the other
four are for reporting (shared/data/README.md; BraTS 2021, CC BY 4.0).
"""

import time
from dataclasses import replace
from pathlib import Path
from statistics import fmean
from typing import Any

import numpy as np

from activedints.cohort.settings import CohortSettings
from activedints.cohort.simulate import anatomy_files, case_seed, simulate_case, simulate_cohort
from activedints.core.metrics import evaluate
from activedints.core.settings import LabelSet, ScoreSettings, TrainSettings
from activedints.core.volume import spacing
from activedints.formats.brain import brain_mask
from activedints.formats.nifti import read_labelmap, read_volume
from activedints.formats.source import read_dataset
from activedints.learn.data import TrainingCase
from activedints.learn.model import load_model, save_model
from activedints.learn.networks import shipped
from activedints.learn.predict import predict
from activedints.learn.train import TrainedModel, train
from activedints.loop.experiments import STARTER
from benchmarks.arms import RUNS, shared_data
from benchmarks.figures import figure, printed, result, told

SEED = 7000
TUNED_ON = ("BraTS2021_00006", "BraTS2021_01476", "BraTS2021_01478", "BraTS2021_01480")
RECIPE = replace(CohortSettings(), version="starter-v2", hindbrain=0.18)
"""As cohort-v1 but for the hindbrain: real FLAIR shows a cerebellum as bright as edema, or as dark as fluid."""


def learning_cases(cases: int) -> tuple[list[TrainingCase], tuple[str, ...], LabelSet]:
    """``cases`` simulated cases, half of them in the average anatomy and half in real ones; made once."""
    found: list[TrainingCase] = []
    for seed, templates in ((SEED, ()), (SEED + 2, anatomy_files(shared_data() / "anatomies"))):
        folder = RUNS / f"{RECIPE.version}-{RECIPE.hash[:8]}-{seed}-{cases // 2}"
        if not (folder / "dataset.json").is_file():
            simulate_cohort(folder, cases // 2, seed, RECIPE, told, templates)
        made, channels, labels = load_cases(folder)
        found += [replace(case, case_id=f"{seed}-{case.case_id}") for case in made]
    return found, channels, labels


def trained_starter(seed: int, steps: int, cases: int, device: str = "auto") -> TrainedModel:
    """The training that makes the starter, from any seed; what is finished is not trained again."""
    learning, channels, labels = learning_cases(cases)
    plan = TrainSettings(
        steps=steps, seed=seed, spacing=(2.0, 2.0, 2.0), checkpoint_every=60.0, threads=1, device=device
    )
    folder = RUNS / f"starter-{RECIPE.hash[:8]}-{steps}-{seed}"
    return train(learning, shipped("small"), channels, labels, plan, told, folder)


def load_cases(folder: Path) -> tuple[list[TrainingCase], tuple[str, ...], LabelSet]:
    """All labelled cases of an MSD folder, as learning takes them."""
    dataset = read_dataset(folder)
    assert dataset.labels is not None
    cases = []
    for source in dataset.cases:
        assert source.label is not None
        volume = read_volume(source)
        label = dataset.labels.index_of(read_labelmap(source.label).array)
        brain, _ = brain_mask(volume, None)
        cases.append(TrainingCase(source.name, volume.array, brain, spacing(volume.affine), label))
    return cases, dataset.channels, dataset.labels


def dice_of(
    path: Path, cases: list[TrainingCase], channels: tuple[str, ...], labels: LabelSet, threads: int = 2
) -> dict[str, Any]:
    """Any-foreground and mean class Dice of each case (None where the reference is empty)."""
    model = load_model(path, "cpu")
    plan = ScoreSettings(draws=1, patch=model.card.patch, threads=threads)
    found = {}
    for case in cases:
        assert case.label is not None
        made = predict(model, case.image, case.brain, case.spacing, channels, plan)
        indices = LabelSet(tuple(range(labels.classes)), labels.names)
        measured = evaluate(case.label, made.label_index, indices, case.spacing, distances=False)
        classes = [m.dice for m in measured.labels.values() if m.dice is not None]
        found[case.case_id] = (measured.any_foreground.dice, fmean(classes) if classes else None)
    return found


def mean(found: dict[str, Any], part: int, names: tuple[str, ...] | None = None) -> tuple[float, int]:
    values = [v[part] for k, v in found.items() if v[part] is not None and (names is None or k in names)]
    return fmean(values), len(values)


def run(steps: int = 3000, cases: int = 128, out: str = str(STARTER)) -> dict[str, Any]:
    """Train, write and measure the starter."""
    began = time.monotonic()
    trained = trained_starter(0, steps, cases)
    model = load_model(trained.path, "cpu")
    channels, labels = model.card.channels, model.card.labels
    Path(out).parent.mkdir(exist_ok=True)
    save_model(Path(out), model.network, model.card, half=True)
    fresh = [_simulated(index, labels) for index in range(8)]
    full, half = (dice_of(p, fresh, channels, labels) for p in (trained.path, Path(out)))
    real = dice_of(Path(out), *load_cases(shared_data() / "brats2021_2mm"))
    others = tuple(name for name in real if name not in TUNED_ON)
    kept: dict[str, Any] = {"smaller_is_better": False}
    dev, dev_n = mean(real, 0, TUNED_ON)
    held, held_n = mean(real, 0, others)
    sim, sim_n = mean(half, 1)
    gaps = [abs(half[k][i] - full[k][i]) for k in full for i in (0, 1) if full[k][i] is not None]
    figures = [
        figure("zero_label_dice_development", dev, None, "Dice", n=dev_n, limit=0.55, **kept),
        figure("zero_label_dice_others", held, None, "Dice", n=held_n, limit=0.65, **kept),
        figure("simulated_mean_class_dice", sim, None, "Dice", n=sim_n, **kept),
        figure("half_precision_gap", fmean(gaps), None, "Dice", n=8, limit=0.002),
        figure("half_precision_gap_worst", max(gaps), None, "Dice", n=8),
        figure("file_bytes", Path(out).stat().st_size, None, "bytes", limit=6e6),
    ]
    facts = {"cases": real, "steps": trained.steps}
    return result("starter", figures, 2 * (time.monotonic() - began) / 60, cohort=RECIPE.version) | facts


def _simulated(index: int, labels: LabelSet) -> TrainingCase:
    volume, label, _ = simulate_case(CohortSettings(), case_seed(SEED + 1, index))
    brain = np.asarray(volume.array.any(axis=0))
    return TrainingCase(f"fresh_{index}", volume.array, brain, spacing(volume.affine), labels.index_of(label.array))


if __name__ == "__main__":
    printed(run())
