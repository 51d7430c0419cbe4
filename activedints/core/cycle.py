"""One turn of the loop as phases, and which may follow which."""

from enum import StrEnum

from activedints.core.errors import IllegalChange


class Phase(StrEnum):
    ANNOTATE = "annotate"
    SEARCH = "search"
    TRAIN = "train"
    SCORE = "score"
    DONE = "done"


FOLLOWS: dict[Phase, frozenset[Phase]] = {
    # ANNOTATE -> SCORE: nobody has annotated yet and the starter model scores the pool for the first query
    Phase.ANNOTATE: frozenset({Phase.SEARCH, Phase.TRAIN, Phase.SCORE}),
    Phase.SEARCH: frozenset({Phase.TRAIN}),
    Phase.TRAIN: frozenset({Phase.SCORE}),
    Phase.SCORE: frozenset({Phase.DONE, Phase.ANNOTATE}),
    Phase.DONE: frozenset(),
}


class Role(StrEnum):
    """What a case is for in one experiment; a LEARNING case is Pool until it has an Annotation, then Labelled."""

    LEARNING = "learning"
    CALIBRATION = "calibration"
    HOLDOUT = "holdout"


DIFFICULTIES = ("easy", "fair", "hard")
"""How a reader may find a case."""


def check_phase(old: Phase, new: Phase) -> None:
    """Raise IllegalChange unless a cycle may go from ``old`` to ``new``."""
    if new not in FOLLOWS[old]:
        allowed = ", ".join(sorted(FOLLOWS[old])) or "nothing"
        raise IllegalChange(f"A cycle in phase {old} cannot go to {new}; what may follow is {allowed}.")
