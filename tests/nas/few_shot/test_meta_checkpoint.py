import json
from pathlib import Path

import pytest
import torch

from activedints.core.cell import EDGES, NODES, OPERATIONS, edge_weights, shares
from activedints.core.errors import InvalidFile, NotFound, UnsafeCheckpoint
from activedints.nas.few_shot import episode_trace, meta_checkpoint
from activedints.nas.few_shot.adaptation import Adaptation
from activedints.nas.few_shot.functional import Conv4
from activedints.nas.few_shot.meta_checkpoint import MetaCheckpoint
from activedints.nas.few_shot.metanas import Search
from activedints.nas.few_shot.mixtures import Mixed
from activedints.nas.few_shot.pruning import Annealing
from activedints.nas.few_shot.supernet import Supernet
from tests.nas.few_shot.few_shot_classes import strokes

CONV4 = MetaCheckpoint("Proto-MAML", Conv4(8), Adaptation(2), Conv4(8).start(0), {"seed": 0})
SUPERNET = MetaCheckpoint(
    "MetaNAS", Supernet(4), Search(4, annealing=Annealing(1.0, 0.01, "geometric")), Mixed(Supernet(4)).start(0)
)


@pytest.mark.parametrize("checkpoint", [CONV4, SUPERNET], ids=lambda c: c.learner)
def test_what_is_saved_is_read_back(checkpoint: MetaCheckpoint, tmp_path: Path) -> None:
    meta_checkpoint.save(checkpoint, tmp_path / "start")
    read = meta_checkpoint.load(tmp_path / "start")
    assert (read.learner, read.network, read.adapting, read.made) == (
        checkpoint.learner,
        checkpoint.network,
        checkpoint.adapting,
        checkpoint.made,
    )
    assert all(torch.equal(read.params[k], checkpoint.params[k]) for k in checkpoint.params)


def test_a_checkpoint_that_is_not_ours_is_named(tmp_path: Path) -> None:
    stem = tmp_path / "start"
    with pytest.raises(NotFound, match="missing"):
        meta_checkpoint.load(stem)
    weights, card = meta_checkpoint.save(CONV4, stem)
    about = json.loads(card.read_text())
    card.write_text(json.dumps(about | {"network": {"kind": "Conv4", "filters": 16, "channels": 1}}))
    with pytest.raises(UnsafeCheckpoint, match="another recipe"):
        meta_checkpoint.load(stem)
    card.write_text(json.dumps(about | {"network": {"kind": "os.system"}}))
    with pytest.raises(InvalidFile, match="does not describe"):
        meta_checkpoint.load(stem)
    card.write_text(json.dumps(about))
    weights.write_bytes(b"\x80\x04 no tensors")
    with pytest.raises(UnsafeCheckpoint, match="safetensors"):
        meta_checkpoint.load(stem)
    broken = dict(CONV4.params) | {"0.scale": torch.full((8,), torch.nan)}
    meta_checkpoint.save(MetaCheckpoint("x", Conv4(8), Adaptation(2), broken), stem)
    with pytest.raises(UnsafeCheckpoint, match="not finite"):
        meta_checkpoint.load(stem)


@pytest.mark.parametrize("checkpoint", [CONV4, SUPERNET], ids=lambda c: c.learner)
def test_an_episode_as_a_screen_shows_it(checkpoint: MetaCheckpoint) -> None:
    torch.set_num_threads(1)
    pixels = torch.from_numpy(strokes(3, 4).images).float() / 255
    support, target = pixels[:, 0], pixels[:, 1:].flatten(0, 1)
    labels = torch.arange(3).repeat_interleave(3)
    seen: list[dict] = []
    made = episode_trace.adapt(checkpoint, support, target, ("a", "b", "c"), labels, on_step=seen.append)
    assert json.loads(json.dumps(made)) == made
    assert made["steps"] == seen
    assert [s["step"] for s in seen] == list(range(checkpoint.adapting.steps + 1))
    assert all(len(s["predictions"]) == 9 and 0 <= s["accuracy"] <= 1 for s in seen)
    unknown = episode_trace.adapt(checkpoint, support, target, ("a", "b", "c"))
    assert unknown["steps"][-1]["accuracy"] is None
    assert unknown["steps"][-1]["predictions"] == seen[-1]["predictions"]
    if checkpoint is SUPERNET:
        operations = shares(seen[0]["alphas"]["operations"], seen[0]["temperature"])
        assert operations.shape == (2, len(EDGES), len(OPERATIONS))
        weights = edge_weights(seen[-1]["alphas"]["inputs"], seen[-1]["temperature"])
        assert weights.sum(-1).tolist() == pytest.approx([2 * NODES] * 2, abs=1e-4)
        assert [gene["node"] for gene in made["genotype"][0]] == [0, 0, 1, 1, 2, 2]
        assert made["pruned"]["accuracy"] is not None
        assert 0 < made["pruned"]["parameters"] < made["parameters"]
    else:
        assert made["genotype"] is None
