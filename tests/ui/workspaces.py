"""Small workspaces in each state, made by the loop's own calls; a seeded stand-in plays the worker."""

import json
from pathlib import Path

import nibabel as nib
import numpy as np

from activedints.core.cycle import Role
from activedints.core.job import JobKind, JobStatus, ProgressEvent
from activedints.core.metrics import evaluate
from activedints.core.score import DEFAULT_REDUCTION, case_scores, uncertain_spots
from activedints.core.settings import LabelSet
from activedints.loop import reading, turns
from activedints.loop.importing import ImportRequest, import_cases
from activedints.store import annotations, cases, cycles, jobs
from activedints.store.database import Store
from activedints.store.schema import Case, Evaluation, Experiment, Job, Model, Prediction

LABELS = LabelSet((0, 1, 2), ("background", "edema", "core"))
CHANNELS = ("FLAIR", "T1w")
SHAPE = (14, 13, 12)
AFFINE = np.diag([-2.0, -2.0, 2.0, 1.0])


def write_msd(folder: Path, number: int, simulated: bool = False, seed: int = 0) -> Path:
    """A dataset.json with ``number`` cases of noise around a bright box; two channels, two labels."""
    rng = np.random.default_rng(seed)
    entries = []
    for place in ("imagesTr", "labelsTr"):
        (folder / place).mkdir(parents=True, exist_ok=True)
    for index in range(number):
        label = np.zeros(SHAPE, np.uint8)
        lo = rng.integers(2, 5, 3)
        label[tuple(slice(a, a + 6) for a in lo)] = 1
        label[tuple(slice(a + 2, a + 4) for a in lo)] = 2
        image = (rng.normal(100, 10, (*SHAPE, 2)) + 60 * label[..., None]).astype(np.int16)
        image[0], image[-1], image[:, 0], image[:, -1] = 0, 0, 0, 0
        image[:, :, 0], image[:, :, -1] = 0, 0
        name = f"case_{index:02d}"
        nib.save(nib.Nifti1Image(image, AFFINE), folder / "imagesTr" / f"{name}.nii.gz")
        nib.save(nib.Nifti1Image(label, AFFINE), folder / "labelsTr" / f"{name}.nii.gz")
        entries.append({"image": f"./imagesTr/{name}.nii.gz", "label": f"./labelsTr/{name}.nii.gz"})
    facts = {
        "channel_names": {str(i): name for i, name in enumerate(CHANNELS)},
        "labels": {str(v): n for v, n in zip(LABELS.values, LABELS.names)},
        "training": entries,
        "numTraining": number,
        "simulated": simulated,
    }
    (folder / "dataset.json").write_text(json.dumps(facts))
    return folder


def filled(folder: Path, number: int = 8, fixed: str = "fixed", simulated: bool = True) -> Store:
    """A workspace with ``number`` imported cases, two of them holdout and one calibration; the query is open."""
    store = Store.open(folder / "workspace")
    source = write_msd(folder / "source", number, simulated)
    request = ImportRequest(source, labels=fixed, holdout="2", calibration="1")
    import_cases(store, request)
    return store


def heartbeat(store: Store) -> None:
    with store.write() as session:
        jobs.worker_beat(session, 1, "cpu")


def unfinished_job(store: Store) -> Job:
    with store.read() as session:
        return jobs.unfinished(session)[0]


def start_job(store: Store, steps: int = 4) -> Job:
    """Claim the queued job as a worker would, and report ``steps`` of ten."""
    with store.write() as session:
        job = jobs.claim(session, by="tests")
        assert job is not None
        for step in range(1, steps + 1):
            event = ProgressEvent(step, 10, f"Training: step {step}", {"loss": 1 / step, "steps": float(step)})
            jobs.append(session, job.id, event)
        return job


def end_job(store: Store, status: JobStatus, error: str | None = None) -> None:
    """End the running job without a result."""
    with store.write() as session:
        jobs.settle(session, jobs.unfinished(session)[0], status, error=error)


def turn(store: Store, skill: float = 0.7) -> None:
    """Play the worker for a queued training and the scoring that follows; ``skill`` in 0..1 is the model's."""
    job = start_job(store, 10)
    assert job.kind == JobKind.TRAIN
    with store.write() as session:
        experiment = cases.experiment(session, job.experiment_id or 0)
        model = _add_model(session, store, experiment, job)
        turns.after_training(session, experiment, cycles.get(session, job.cycle_id or 0), model.id)
        jobs.settle(session, jobs.get(session, job.id), JobStatus.DONE, result={"model": model.id})
        model_id = model.id
    job = start_job(store, 10)
    with store.write() as session:
        experiment = cases.experiment(session, job.experiment_id or 0)
        annotated = cases.annotated_ids(session, experiment.id)
        for case in cases.members(session, experiment.id):
            if cases.role_of(session, experiment.id, case.id) is not Role.LEARNING or case.id not in annotated:
                _predict(session, store, experiment, case, model_id, skill)
        turns.after_scoring(session, experiment, cycles.get(session, job.cycle_id or 0))
        jobs.settle(session, jobs.get(session, job.id), JobStatus.DONE, result={})


def _add_model(session, store: Store, experiment: Experiment, job: Job) -> Model:
    path = store.folder / "weights.safetensors"
    header = json.dumps({"w": {"dtype": "F32", "shape": [3, 4], "data_offsets": [0, 48]}}).encode()
    path.write_bytes(len(header).to_bytes(8, "little") + header + job.id.to_bytes(48, "little"))
    newest = annotations.newest_of_each(session, experiment.id)
    learned = [newest[c.id] for c in cases.members(session, experiment.id, Role.LEARNING) if c.id in newest]
    model = Model(
        experiment_id=experiment.id,
        cycle_number=cycles.get(session, job.cycle_id or 0).number,
        file=store.files.add(session, path, ".safetensors"),
        origin="trained",
        settings={},
        architecture="small",
        seed=0,
        steps=10,
        seconds=12.5,
    )
    return cycles.add_model(session, model, learned)


def _predict(session, store: Store, experiment: Experiment, case: Case, model_id: int, skill: float) -> None:
    """A prediction that is the truth with a share ``1 - skill`` of it forgotten, unsure around the forgotten part."""
    rng = np.random.default_rng([case.id, model_id])
    reference = nib.load(store.files.path(case.reference or ""))
    truth = np.asarray(reference.dataobj)
    label = np.where((truth > 0) & (rng.random(truth.shape) > skill), 0, truth).astype(np.uint8)
    doubt = np.clip((truth > 0) * (1 - skill) * rng.random() + 0.02 * rng.random(truth.shape), 0, 1)
    probability = np.stack([np.where(label == v, 1 - doubt, doubt / 2) for v in LABELS.values])
    affine, scratch = reference.affine, store.folder
    nib.save(nib.Nifti1Image(label, affine), scratch / "draft.nii.gz")
    nib.save(nib.Nifti1Image(doubt.astype(np.float32), affine), scratch / "heat.nii.gz")
    brain = np.ones(truth.shape, bool)
    scores = case_scores({"entropy": doubt, "variance": doubt**2}, probability, brain, affine)
    assert f"entropy/{DEFAULT_REDUCTION}" in scores
    spots = uncertain_spots(doubt, probability, brain, affine, LABELS.names)
    row = Prediction(
        model_id=model_id,
        case_id=case.id,
        draws=10,
        label=store.files.add(session, scratch / "draft.nii.gz", ".nii.gz"),
        uncertainty=store.files.add(session, scratch / "heat.nii.gz", ".nii.gz"),
        scores=scores,
        spots=[spot.__dict__ for spot in spots],
        seconds=0.1,
    )
    session.add(row)
    session.flush()
    role = cases.role_of(session, experiment.id, case.id)
    newest = annotations.newest(session, experiment.id, case.id)
    if role is not Role.LEARNING and newest is not None:
        figures = evaluate(truth, label, LABELS, (2.0, 2.0, 2.0))
        session.add(
            Evaluation(
                model_id=model_id,
                case_id=case.id,
                annotation_id=newest.id,
                role=role,
                metrics=json.loads(json.dumps(figures, default=vars)),
            )
        )
        session.flush()


def answered(folder: Path) -> Store:
    """The first query is answered: a training waits for the worker."""
    store = filled(folder)
    reading.simulate_reader(store)
    return store


def two_cycles(folder: Path) -> Store:
    """Two whole turns; the next query is open."""
    store = filled(folder)
    for skill in (0.4, 0.7):
        reading.simulate_reader(store)
        turn(store, skill)
    return store


def working(folder: Path) -> Store:
    """The first training runs."""
    store = answered(folder)
    start_job(store)
    return store


def failed(folder: Path) -> Store:
    """The first training met its end."""
    store = working(folder)
    end_job(store, JobStatus.FAILED, "The memory did not suffice; use a smaller patch.")
    return store


STATES = {
    "empty": lambda folder: Store.open(folder / "workspace"),
    "ready": two_cycles,
    "answered": answered,
    "working": working,
    "failed": failed,
}
