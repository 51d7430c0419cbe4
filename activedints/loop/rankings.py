"""Ranking architectures, as a screen or a command asks for it: answers of the warm child, and the durable study."""

import csv
import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict, replace
from io import StringIO
from pathlib import Path
from typing import Any

from activedints.core.errors import InvalidSettings, NotFound
from activedints.core.ranking import RankSettings
from activedints.loop import studies
from activedints.loop.asking import ask
from activedints.loop.views import JobView
from activedints.store.database import Store
from activedints.store.facts import fact, keep

Row = dict[str, Any]
STUDY = "ranking"
FOLDER = "folder of benchmark tables"
DINTS_TABLE = Path(__file__).resolve().parents[2] / "data" / "dints_benchmark.json"
"""Measured DiNTS architectures; a data file of the project."""


def tables_folder(store: Store) -> Path:
    """Where tables are looked for: what ``use_tables`` was given, else the workspace's own folder of downloads."""
    with store.read() as session:
        said = fact(session, FOLDER)
    return Path(said) if said else store.folder.resolve() / "nas"


def use_tables(store: Store, folder: str) -> str:
    """Look for benchmark tables in another folder from now on; NotFound where there is no such folder."""
    path = Path(folder).expanduser()
    if not path.is_dir():
        raise NotFound(
            f"There is no folder {folder}; name one that holds benchmark tables, such as nasbench201.parquet."
        )
    with store.write() as session:
        keep(session, FOLDER, str(path.resolve()))
    return f"Benchmark tables are read from {path.resolve()}."


def options(store: Store, benchmark: str) -> Row:
    """The values of every control; NotFound for a benchmark that is not there, or while no worker runs."""
    return ask(store, {"do": "ranking options", "folder": str(tables_folder(store)), "benchmark": benchmark})


def rerank(store: Store, settings: RankSettings) -> Row:
    """One ranking, fitted now; its form is written in ``activedints/nas/rank/study.py``."""
    return ask(store, {"do": "rerank", "settings": _placed(store, settings)})


def propose(store: Store, settings: RankSettings, count: int) -> list[Row]:
    """The next ``count`` architectures to train."""
    question = {"do": "propose architectures", "settings": _placed(store, settings), "count": count}
    rows: list[Row] = ask(store, question)["rows"]
    return rows


def model_text(store: Store, settings: RankSettings) -> str:
    """The fitted model as JSON."""
    return str(ask(store, {"do": "ranking model", "settings": _placed(store, settings)})["text"])


def study(store: Store, settings: RankSettings) -> str:
    """Enqueue the whole study: seeds, train sizes, regressors, explanations, simulated searches."""
    return studies.start(store, STUDY, _placed(store, settings))


def study_of(
    store: Store, settings: RankSettings, sizes: Sequence[int], regressors: Sequence[str], seeds: int, queries: int
) -> str:
    """The study of a screen's settings over train ``sizes`` and ``regressors``, the first of which are explained."""
    if not sizes or not regressors:
        raise InvalidSettings("A study needs at least one train size and one regressor: choose them in its form.")
    size = settings.train_size if settings.train_size in sizes else sizes[-1]
    wanted = replace(settings, train_size=size, regressor=regressors[0], seeds=seeds, queries=queries)
    return study(store, replace(wanted, train_sizes=tuple(sizes), compare=tuple(regressors)))


def newest_study(store: Store) -> studies.Found | None:
    return studies.newest(store, STUDY)


def study_at_work(store: Store) -> JobView | None:
    return studies.unfinished(store, STUDY)


def stopped_study(store: Store) -> JobView | None:
    return studies.stopped(store, STUDY)


def measured_dints() -> Row | None:
    """The measured DiNTS architectures, None before any is: ``{"cohort", "core_seconds", "rows", "budgets"}``.

    ``rows``: best first; ``budgets``: least, middle and most memory of their activations for one patch, whole MB.
    """
    if not DINTS_TABLE.is_file():
        return None
    said = json.loads(DINTS_TABLE.read_text(encoding="utf-8"))
    rows = [
        {"architecture": one["name"], "Dice": sum(one["dice"]) / len(one["dice"])}
        | {f"seed {seed}": dice for seed, dice in enumerate(one["dice"])}
        | {"activations (MB)": one["megabytes"]}
        for one in said["architectures"]
    ]
    rows.sort(key=lambda row: -row["Dice"])
    sizes = sorted(one["megabytes"] for one in said["architectures"])
    budgets = [math.ceil(sizes[place]) for place in (0, len(sizes) // 2, -1)]
    return {"cohort": said["cohort"], "core_seconds": said["core_seconds"], "rows": rows, "budgets": budgets}


def dints_candidates(store: Store, megabytes: float) -> Row:
    """Our own space ranked within a memory budget; its form is written in ``worker/dints_candidates.py``."""
    return ask(store, {"do": "dints candidates", "megabytes": megabytes})


def ranking_csv(view: Mapping[str, Any]) -> str:
    """All architectures with their predictions, measurements and costs, best predicted first, as CSV text."""
    text = StringIO()
    rows = csv.writer(text, lineterminator="\n")
    rows.writerow(view["points"])
    rows.writerows(zip(*view["points"].values()))
    return text.getvalue()


def _placed(store: Store, settings: RankSettings) -> Row:
    """The settings as a row of JSON, with the workspace's folder of tables unless they name one."""
    return asdict(replace(settings, folder=settings.folder or str(tables_folder(store))))
