"""A ranking model as JSON: what it was trained on, from which the very same model is made again. Never a pickle.

The file holds the trained architectures, their accuracies and features, the pool's mean and deviation of every
feature, and the regressor's name and seed. Reading it fits again (at most a few seconds), so no fitted object
has to be trusted.
"""

import json
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile
from activedints.nas.rank.ranking import Ranker, Ranking
from activedints.nas.rank.regressors import Model, Prediction, regressor

KIND = "activedints ranking model"


@dataclass(frozen=True)
class SavedModel:
    """A model read back; ``features`` are the names of the columns that ``predict`` needs, in their order."""

    features: tuple[str, ...]
    centre: npt.NDArray[np.float64]
    deviation: npt.NDArray[np.float64]
    model: Model

    def predict(self, values: npt.NDArray[np.floating]) -> Prediction:
        """Prediction for (architecture, feature) raw values of ``features``."""
        return self.model.predict((values - self.centre) / self.deviation)


def model_json(ranker: Ranker, ranking: Ranking, by: str, seed: int) -> str:
    """The JSON of a Ranking that ``ranker.rank(..., by=by, seed=seed)`` made."""
    values = ranker.features.values.astype(np.float64)
    deviation = values.std(0)
    accuracies = ranker.benchmark.values(ranking.target.name)[ranking.trained]
    return json.dumps(
        {
            "kind": KIND,
            "version": 1,
            "benchmark": ranker.benchmark.name,
            "licence": ranker.benchmark.licence,
            "dataset": ranker.dataset,
            "target": ranking.target.name,
            "regressor": by,
            "seed": seed,
            "features": ranker.features.names,
            "groups": [column.group for column in ranker.features.columns],
            "centre": values.mean(0).tolist(),
            "deviation": np.where(deviation > 0, deviation, 1).tolist(),
            "architectures": [ranker.benchmark.architectures[row] for row in ranking.trained],
            "accuracies": accuracies.tolist(),
            "values": values[ranking.trained].tolist(),
        }
    )


def read_model(text: str) -> SavedModel:
    """Fit again what ``model_json`` wrote; InvalidFile for anything else."""
    try:
        said = json.loads(text)
        if said["kind"] != KIND:
            raise ValueError(f"its kind is '{said['kind']}'")
        centre, deviation = np.array(said["centre"]), np.array(said["deviation"])
        x = (np.array(said["values"]) - centre) / deviation
        groups = said["groups"]
        blocks = [np.flatnonzero([g == group for g in groups]) for group in dict.fromkeys(groups)]
        accuracies = np.array(said["accuracies"])
        features, by, seed = tuple(said["features"]), said["regressor"], said["seed"]
    except (ValueError, TypeError, KeyError) as fault:
        raise InvalidFile(
            f"This is no ranking model in JSON ({fault}); download one from the Architecture ranking page."
        ) from None
    return SavedModel(features, centre, deviation, regressor(by, blocks, seed).fit(x, accuracies))
