"""The side studies' one handler: each study is a function from settings to plain rows, kept as one JSON file.

Here is what joins siblings (a study that needs cohort, trainer and ``nas`` at once). Imports happen inside the
functions, so that a child that trains does not load what it never uses.
"""

import json
from collections.abc import Callable
from typing import Any

from activedints.core.errors import NotFound
from activedints.core.job import Report
from activedints.core.ranking import RankSettings
from activedints.store.database import Session, Store
from activedints.store.schema import Job
from activedints.worker.gather import job_folder

Row = dict[str, Any]


def rank_architectures(settings: RankSettings, report: Report) -> Row:
    """The Architecture ranking study (MbML-NAS); its rows are described in ``nas.rank.study``."""
    report(0, 1, "Reading the benchmark and describing its architectures")
    from activedints.nas.rank.study import study

    return study(settings, report)


def ranking(settings: Row, store: Store, report: Report) -> Row:
    return rank_architectures(RankSettings.from_row(settings), report)


STUDIES: dict[str, Callable[[Row, Store, Report], Row]] = {"ranking": ranking}


def study(job: Job, store: Store, report: Report) -> Callable[[Session], Row]:
    """Run ``arguments['study']`` with ``arguments['settings']``; the job's result names the file of what it found."""
    name = job.arguments["study"]
    if name not in STUDIES:
        raise NotFound(f"This version has no study '{name}'; it has {', '.join(STUDIES)}. Upgrade the worker.")
    found = STUDIES[name](job.arguments["settings"], store, report)
    path = job_folder(store, job) / "found.json"
    path.write_text(json.dumps(found, allow_nan=False), encoding="utf-8")
    return lambda session: {"study": name, "file": store.files.add(session, path, ".json")}
