"""Resumable checkpoints of one job: the last two, written whole or not at all, tensors and plain values only."""

import os
import pickle
from pathlib import Path
from typing import Any

import torch

from activedints.core.errors import UnsafeCheckpoint

KEPT = 2


def save_checkpoint(folder: Path, step: int, state: dict[str, Any]) -> Path:
    """Write ``checkpoint-<step>.pt`` (temporary name, fsync, rename) and drop all but the last two."""
    folder.mkdir(parents=True, exist_ok=True)
    path, partial = folder / f"checkpoint-{step:08d}.pt", folder / "checkpoint.partial"
    with partial.open("wb") as file:
        torch.save(state, file)
        file.flush()
        os.fsync(file.fileno())
    partial.replace(path)
    for old in checkpoints(folder)[:-KEPT]:
        old.unlink()
    return path


def load_checkpoint(folder: Path, purpose: str) -> dict[str, Any] | None:
    """The newest checkpoint of this folder, or None. ``purpose`` must equal what the checkpoint was saved with.

    Raises UnsafeCheckpoint for a file that holds more than tensors and plain values, or another run's state.
    """
    found = checkpoints(folder)
    if not found:
        return None
    try:
        state = torch.load(found[-1], map_location="cpu", weights_only=True)
    except (pickle.UnpicklingError, RuntimeError, EOFError, ValueError) as fault:
        raise UnsafeCheckpoint(
            f"{found[-1].name} is damaged or holds more than tensors ({type(fault).__name__}); "
            f"delete it in {folder} to resume from the one before."
        ) from None
    if state.get("purpose") != purpose:
        raise UnsafeCheckpoint(
            f"{found[-1].name} in {folder} belongs to a run with other settings, cases or labels; "
            "give this run an empty folder."
        )
    return state


def checkpoints(folder: Path) -> list[Path]:
    """Checkpoint files of a folder, oldest first."""
    return sorted(folder.glob("checkpoint-*.pt"))


def drop_checkpoints(folder: Path) -> None:
    """Delete all resumable checkpoints of a finished run."""
    for path in checkpoints(folder):
        path.unlink()
