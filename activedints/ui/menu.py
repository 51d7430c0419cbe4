"""The menu: which screens there are, in which group. A page that does not exist (yet) is not listed."""

from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
"""The project's root, where app.py and pages/ lie."""


@dataclass(frozen=True)
class Screen:
    """A script of the app: ``script`` relative to ROOT, and ``purpose``, one line for whoever hovers over it."""

    script: str
    title: str
    icon: str
    purpose: str


HOME = Screen("app.py", "Home", ":material/home:", "Where the experiment stands, and what to do next")

GROUPS: dict[str, tuple[Screen, ...]] = {
    "": (HOME,),
    "Read": (
        Screen("pages/worklist.py", "Worklist", ":material/format_list_numbered:", "What waits for readers, and why"),
        Screen("pages/annotate.py", "Annotate", ":material/brush:", "Read and correct the next case"),
    ),
    "Learn": (
        Screen("pages/cycle.py", "Cycle", ":material/autorenew:", "Run one turn of the loop"),
        Screen("pages/search.py", "Search", ":material/account_tree:", "The network and how it was found"),
        Screen("pages/progress.py", "Progress", ":material/show_chart:", "Figures per cycle"),
    ),
    "Studies": (
        Screen(
            "pages/ranking.py",
            "Architecture ranking",
            ":material/leaderboard:",
            "Rank architectures from a few that are trained",
        ),
        Screen("pages/few_shot.py", "Few-shot", ":material/bolt:", "Adapt to a new episode in seconds"),
        Screen("pages/advisor.py", "Data-set advisor", ":material/lightbulb:", "Architectures proposed for a data set"),
        Screen("pages/search_lab.py", "Search algorithms", ":material/science:", "How search algorithms behave"),
    ),
    "Workspace": (
        Screen("pages/data.py", "Data", ":material/database:", "Import, simulate, export; where cases come from"),
        Screen("pages/jobs.py", "Jobs", ":material/list_alt:", "What runs, what failed and why"),
    ),
}


def groups(root: Path = ROOT) -> dict[str, tuple[Screen, ...]]:
    """The groups with the screens whose script exists; empty groups are left out."""
    present = {name: tuple(s for s in screens if (root / s.script).is_file()) for name, screens in GROUPS.items()}
    return {name: screens for name, screens in present.items() if screens}
