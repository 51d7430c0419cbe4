import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidSettings
from activedints.nas.few_shot import recipes
from activedints.nas.few_shot.episodes import Episodes, ImageClasses
from activedints.nas.few_shot.learners import Prototypes
from activedints.nas.few_shot.tissue import AcrossScans, crossed, pairs_of, regression

KINDS = {"a": ("edema", "core", "healthy"), "b": ("edema", "healthy"), "c": ("core", "edema", "healthy")}


def scans(each: int = 6) -> ImageClasses:
    """Two channels; grey 40, 120, 200 for edema, core, healthy in the first, and the scan's number in the second."""
    grey = {"edema": 40, "core": 120, "healthy": 200}
    names = tuple(f"{scan}/{kind}" for scan, kinds in KINDS.items() for kind in kinds)
    images = np.random.default_rng(0).integers(0, 9, (len(names), each, 2, 28, 28), np.uint8)
    for number, name in enumerate(names):
        scan, kind = name.split("/")
        images[number, :, 0] += grey[kind]
        images[number, :, 1] = "abc".index(scan)
    return ImageClasses(images, names)


def test_scans_that_share_most_kinds_make_the_episodes():
    """a and c share three kinds; with b every two scans share two."""
    way, pairs = pairs_of(scans(), 4)
    assert (way, len(pairs)) == (3, 2)
    assert pairs[0][2] == ["core", "edema", "healthy"]
    way, pairs = pairs_of(scans(), 2)
    assert (way, len(pairs)) == (2, 6)


def test_examples_and_targets_are_the_same_kind_in_two_scans():
    batch = crossed(scans(), 2, 3, 2, 20, np.random.default_rng(0))
    assert (batch.support.shape, batch.target.shape, batch.way) == ((20, 6, 2, 28, 28), (20, 4, 2, 28, 28), 2)
    near, far = (part[:, :, 1].mean((2, 3)) for part in (batch.support, batch.target))
    assert (near == near[:, :1]).all()
    assert (near[:, 0] != far[:, 0]).all()
    kinds = [part[:, :, 0].mean((2, 3)).mul(255 / 80).round() for part in (batch.support, batch.target)]
    assert torch.equal(kinds[0][:, ::3], kinds[1][:, ::2])


def test_a_quarter_turn_is_one_for_the_whole_episode():
    plain, turned = (crossed(scans(), 2, 3, 2, 8, np.random.default_rng(0), turned) for turned in (False, True))
    assert plain.support.shape == turned.support.shape
    assert not torch.equal(plain.support, turned.support)


def test_grey_values_alone_tell_these_kinds():
    batch = crossed(scans(), 4, 3, 2, 10, np.random.default_rng(0))
    assert regression(batch).tolist() == [1.0] * 10
    noise = Episodes(torch.rand(2, 4, 1, 28, 28), torch.rand(2, 8, 1, 28, 28), 2, 2)
    assert regression(noise).max() < 1.0


def test_what_cannot_be_crossed_is_one_sentence():
    alone = scans().subset([0, 1, 2])
    with pytest.raises(InvalidSettings, match="No two scans share two kinds"):
        crossed(alone, 4, 3, 2, 1, np.random.default_rng(0))
    with pytest.raises(InvalidSettings, match="each class has 6"):
        crossed(scans(), 4, 7, 2, 1, np.random.default_rng(0))


def test_a_learner_of_tissue_has_the_scans_channels_and_is_measured_beside_the_regression(monkeypatch):
    torch.set_num_threads(1)
    stage = Prototypes(8, AcrossScans(episodes=2, way=4, shot=2, target=2), 3e-3)
    short = recipes.Recipe("tissue", recipes.Conv4(4), (stage,), recipes.Adaptation(0))
    monkeypatch.setitem(recipes.RECIPES, "tissue", short)
    made = recipes.train("tissue", scans(), recipes.PATCHES)
    assert made.network.channels == 2
    rows = recipes.figures(made, scans(), 10)
    assert [(row["network"], row["way"], row["shot"]) for row in rows] == [
        ("adapted", 3, 5),
        ("regression on intensities", 3, 5),
    ]
    assert rows[1]["mean"] == 100.0
