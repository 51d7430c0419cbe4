"""What a training or a search starts from, by the experiment's start and regime."""

from dataclasses import dataclass
from pathlib import Path

from activedints.core.architecture import Architecture, same_network
from activedints.core.decode import Alphas
from activedints.core.experiment import Regime, Start
from activedints.core.job import JobKind
from activedints.core.search_space import PAPER, SearchSpace, space_named
from activedints.core.settings import SearchSettings, TrainSettings
from activedints.learn.cost import Size
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


def training_patch(architecture: Architecture | str, space: str) -> Size:
    """Patch of a training: 48^3, the paper's 96^3 in its space, more where the network's resolutions need it.

    >>> training_patch("segresnet", "auto"), training_patch("segresnet", "paper")
    ((48, 48, 48), (96, 96, 96))
    """
    side = space_named(space).side if space == PAPER else TrainSettings.patch[0]
    if isinstance(architecture, Architecture):
        unit = 2**architecture.depths
        side = max(2 * unit, -(-side // unit) * unit)
    return (side,) * 3


@dataclass(frozen=True)
class Earlier:
    """An earlier search of the experiment: its job, its alphas, and its space where that is one of those offered."""

    job: int
    alphas: Alphas
    space: SearchSpace | None

    def fits(self, settings: SearchSettings) -> bool:
        """Whether a search of these settings can go on from the alphas."""
        return (len(self.alphas.edges), self.alphas.depths) == (settings.blocks, settings.depths)


def earlier_search(session: Session, turn: Turn, job_id: int, known: int | None = None) -> Earlier | None:
    """The experiment's last search before ``job_id`` (or the one that a resumed search began with): topology is
    refined from cycle to cycle, not found anew."""
    last = jobs.get(session, known) if known else jobs.newest_done(session, JobKind.SEARCH, turn.experiment.id)
    if last is None or not last.result or last.id == job_id:
        return None
    name = last.result.get("space", "")
    space = space_named(name) if name else None
    return Earlier(last.id, Alphas.from_lists(last.result["alphas"]), space)
