"""What the frame of every screen says: the experiments, which is active, whether it is simulated, who computes."""

import shlex
from dataclasses import dataclass
from pathlib import Path

from activedints.loop import turns
from activedints.store import cases, jobs
from activedints.store.database import Store


@dataclass(frozen=True)
class Standing:
    """``experiment`` is None while the workspace is empty; ``device`` is None while no worker service is alive."""

    experiment: str | None
    experiments: tuple[str, ...]
    cases: int
    simulated: int
    """Cases of the active experiment that a program made."""
    device: str | None

    @property
    def mixed(self) -> bool:
        """Whether some cases are simulated and some are not."""
        return 0 < self.simulated < self.cases


DEFAULT_WORKSPACE = "data/workspace"


def worker_command(store: Store) -> str:
    """What to type, in the folder where this program was started, for a worker that serves this very workspace."""
    default = store.folder == Path(DEFAULT_WORKSPACE).resolve()
    return "activedints worker" if default else f"activedints worker --workspace {shlex.quote(str(store.folder))}"


def open_workspace(folder: Path) -> Store:
    """The workspace in ``folder``, made or migrated where needed; WorkspaceUnusable says what stands in the way."""
    return Store.open(folder)


def standing(store: Store) -> Standing:
    """One look at the workspace, for the frame."""
    with store.read() as session:
        experiment = cases.active_experiment(session)
        members = cases.members(session, experiment.id) if experiment else []
        made = sum(case.simulated for case in members)
        if experiment and turns.settings_of(experiment).simulated:
            made = len(members)
        worker = jobs.worker_alive(session)
        return Standing(
            experiment=experiment.name if experiment else None,
            experiments=tuple(e.name for e in cases.experiments(session)),
            cases=len(members),
            simulated=made,
            device=worker.device if worker else None,
        )
