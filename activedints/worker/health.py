"""What `activedints doctor` says about this machine and workspace."""

import os
import platform
import shutil
from importlib.metadata import version
from pathlib import Path
from typing import Any

import torch

from activedints import __version__
from activedints.core.job import JobStatus
from activedints.learn import history
from activedints.loop import experiments
from activedints.store import jobs
from activedints.store.database import Session, Store
from activedints.store.schema import Job

PACKAGES = ("torch", "monai", "streamlit", "nibabel", "SimpleITK")


def examine(store: Store, sweep: bool = True) -> dict[str, Any]:
    """Versions, device, worker, disk and orphans; orphaned files and finished jobs' working files are removed."""
    with store.write() as session:
        worker = jobs.worker_alive(session)
        orphans = store.files.orphans(session)
        folders = [folder for folder in (store.folder / "jobs").glob("*") if not _needed(session, folder)]
        if sweep:
            for path in orphans:
                path.unlink(missing_ok=True)
    if sweep:
        for folder in folders:
            shutil.rmtree(folder, ignore_errors=True)
    cuda = torch.cuda.is_available()
    return {
        "activedints": __version__,
        "python": platform.python_version(),
        **{name: version(name) for name in PACKAGES},
        "device": torch.cuda.get_device_name(0) if cuda else f"CPU, {os.cpu_count()} cores",
        "workspace": str(store.folder),
        "free_gb": round(shutil.disk_usage(store.folder).free / 1e9, 1),
        "worker": f"process {worker.pid}, alive" if worker else "none: start one with `activedints worker`",
        "starter": "ships with this copy" if experiments.STARTER.is_file() else "not in this copy",
        "orphans": f"{len(orphans)} file(s) and {len(folders)} finished job folder(s) swept" if sweep else len(orphans),
    }


def _needed(session: Session, folder: Path) -> bool:
    """Whether a job's folder is gone back to: a job that is not done can be resumed from its checkpoints, and a search
    tells its story from there for good."""
    job = session.get(Job, int(folder.name)) if folder.name.isdigit() else None
    return job is not None and (job.status != JobStatus.DONE or (folder / history.NAME).is_file())
