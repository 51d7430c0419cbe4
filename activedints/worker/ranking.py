"""What the warm child answers about rankings: ``rerank`` and its companions, from rankers that it keeps.

The first question about a benchmark reads its table and computes the meta-features (seconds); later ones only fit.
``nas`` is imported by the first question, so that a lane that nobody asks for rankings stays small.
"""

from pathlib import Path
from typing import Any

from activedints.core.ranking import RankSettings
from activedints.store.database import Store

Row = dict[str, Any]


def options(store: Store, warm: object, question: Row, tell: object) -> Row:
    """The values of every control for ``benchmark``, see ``nas.rank.choices``."""
    from activedints.nas.rank.choices import choices

    return choices(Path(question["folder"]), question["benchmark"])


def rerank(store: Store, warm: object, question: Row, tell: object) -> Row:
    """The view of one ranking, see ``nas.rank.study``."""
    from activedints.nas.rank.study import rerank

    return rerank(RankSettings.from_row(question["settings"]))


def propose(store: Store, warm: object, question: Row, tell: object) -> Row:
    """The next ``count`` architectures to train."""
    from activedints.nas.rank.study import proposals

    return {"rows": proposals(RankSettings.from_row(question["settings"]), int(question["count"]))}


def model(store: Store, warm: object, question: Row, tell: object) -> Row:
    """The JSON text of the fitted model."""
    from activedints.nas.rank.study import model

    return {"text": model(RankSettings.from_row(question["settings"]))}


def candidates(store: Store, warm: object, question: Row, tell: object) -> Row:
    """DiNTS architectures within a memory budget, best predicted first, see ``worker.dints_candidates``."""
    from activedints.worker.dints_candidates import candidates

    return candidates(**question)


ANSWERS = {
    "ranking options": options,
    "rerank": rerank,
    "propose architectures": propose,
    "ranking model": model,
    "dints candidates": candidates,
}
