"""What a training or a search starts from, by the experiment's start and regime."""

from pathlib import Path

from activedints.core.architecture import Architecture, same_network
from activedints.core.decode import Alphas
from activedints.core.experiment import Regime, Start
from activedints.core.job import JobKind
from activedints.learn.model import read_card
from activedints.loop import experiments
from activedints.store import cycles, jobs
from activedints.store.database import Session, Store
from activedints.worker.gather import Turn


def weights_to_start_from(
    session: Session, store: Store, turn: Turn, architecture: Architecture | str
) -> tuple[Path | None, str]:
    """A model file, or None for random weights, and the sentence that says so.

    Every cycle starts anew from the experiment's start; only the joint regime goes on from the last cycle's weights,
    and only while the architecture stays the same.
    """
    if turn.settings.regime is Regime.JOINT:
        last = cycles.newest_model(session, turn.experiment.id)
        if last is not None and last.origin == "trained":
            path = store.files.path(last.file)
            if same_network(read_card(path).architecture, architecture):
                return path, f"goes on from the weights of cycle {last.cycle_number} (joint regime)"
    if turn.settings.start is Start.SCRATCH:
        return None, "starts from random weights"
    if same_network(read_card(experiments.STARTER).architecture, architecture):
        return experiments.STARTER, "starts from the starter model"
    return None, "starts from random weights, because the starter model has another architecture"


def alphas_to_start_from(session: Session, turn: Turn) -> Alphas | None:
    """The alphas of the experiment's last search: topology is refined from cycle to cycle, not found anew."""
    last = jobs.newest_done(session, JobKind.SEARCH, turn.experiment.id)
    return Alphas.from_lists(last.result["alphas"]) if last is not None and last.result else None
