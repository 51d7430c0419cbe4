"""The advisor's parts on a small made-up table."""

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound, UnsafeCheckpoint
from activedints.nas.advisor import (
    advise,
    descriptors,
    fisher,
    fuse,
    generator,
    graphs,
    landmarks,
    model,
    own_images,
    whole_tree,
)
from activedints.nas.advisor.predictor import predict, relative
from activedints.nas.advisor.set_encoder import SetEncoder
from activedints.nas.measured import image_sets, space
from activedints.nas.measured.networks import Schedule
from tests.nas.advisor.small import small_advisor
from tests.nas.measured.made_up import measured


@pytest.fixture(autouse=True)
def _one_thread() -> None:
    torch.set_num_threads(1)


@pytest.fixture(scope="module")
def advisor() -> model.Advisor:
    return small_advisor()


def test_a_set_has_no_order() -> None:
    """Images of a class and classes of a set may come in any order, and a set's companions do not matter."""
    torch.manual_seed(0)
    encoder = SetEncoder(5, 8)
    one, other = torch.randn(3, 6, 5), torch.randn(2, 6, 5)
    with torch.no_grad():
        known = encoder([one, other])
        turned = encoder([other, one[[2, 0, 1]][:, torch.randperm(6)]])
    assert torch.allclose(known, turned[[1, 0]], atol=1e-5)


def test_the_skeleton_by_hand() -> None:
    """Edges of the cell: 0-1, 0-2, 1-2, 0-3, 1-3, 2-3; the operation on 1-2 hears that on 0-1 and is heard by 2-3."""
    heard = {(int(u), int(v)) for u, v in zip(*np.nonzero(graphs.LEADS))}
    assert heard == {(0, 1), (0, 2), (0, 4), (1, 3), (1, 5), (2, 6), (3, 6), (4, 7), (5, 7), (6, 7)}


def test_graphs_that_are_no_cell_are_not_valid() -> None:
    types = graphs.types_of(np.array([[3, 3, 3, 3, 3, 3], [0, 0, 0, 0, 0, 0], [1, 2, 3, 4, 0, 1]]))
    leads = torch.from_numpy(graphs.LEADS).float().expand(3, -1, -1).clone()
    leads[2, 0, 3] = 1
    assert graphs.valid(types, leads).tolist() == [True, False, False]
    assert graphs.tokens_of(types)[2].tolist() == [1, 2, 3, 4, 0, 1]


def test_the_predictor_learns_the_order_of_cells(advisor: model.Advisor) -> None:
    """More 3 x 3 are better for shapes, more 1 x 1 for grey values: it must know which set it looks at."""
    made = measured()
    for name in ("shapes", "brightness"):
        supports = advise.supports_of(image_sets.image_set(name), 3, 2)
        said, levels = predict(advisor.predictors, advisor.scaling, supports, made.tokens)
        true = relative(made.test)[made.place(name)]
        assert np.corrcoef(said.mean(0), true)[0, 1] > 0.5
        assert abs(levels[0, 0] - made.test[made.place(name)].mean()) < 25


def test_what_is_generated_is_a_cell(advisor: model.Advisor) -> None:
    support = image_sets.image_set("digits").support(20, np.random.default_rng(0))
    made = generator.generate(advisor.generator, advisor.scaling, support, 20, 0)
    again = generator.generate(advisor.generator, advisor.scaling, support, 20, 0)
    assert np.array_equal(made.tokens, again.tokens)
    assert space.live(made.tokens).all()
    assert len(np.unique(made.tokens, axis=0)) == 20
    assert (made.valid, made.unique) == (1, 1)
    with pytest.raises(InvalidSettings, match="ask for so many or fewer"):
        generator.generate(advisor.generator, advisor.scaling, support, 9_445, 0)


def test_the_whole_tree_is_what_plain_sampling_samples(advisor: model.Advisor) -> None:
    """Frequencies of the likeliest cells and of valid graphs among 4,000 plain samples, within four deviations."""
    decoder, z = advisor.generator.decoder, torch.zeros(32)
    chances = whole_tree.cell_chances(whole_tree.leaves(decoder, z))
    types, leads = decoder.sample(z.expand(4000, -1), torch.Generator().manual_seed(0))
    fits = graphs.valid(types, leads)
    rows = whole_tree.cell_of()[graphs.tokens_of(types)[fits].astype(int) @ space.TOKENS ** np.arange(5, -1, -1)]
    seen = np.bincount(rows, minlength=len(chances)) / len(types)
    for chance, share in [(chances.sum(), fits.mean()), *((chances[k], seen[k]) for k in chances.argsort()[-3:])]:
        assert abs(share - chance) <= 4 * (chance * (1 - chance) / len(types)) ** 0.5 + 1e-9


def test_drawing_without_replacement_by_hand() -> None:
    """Of chances 1/2, 1/3, 1/6 the second place is the middle one in 1/2 x 2/3 + 1/6 x 2/5 = 2/5 of all draws."""
    rng, chances = np.random.default_rng(0), np.array([3.0, 2.0, 1.0, 0.0]) / 6
    orders = np.array([whole_tree.drawn(chances, 4, rng) for _ in range(4000)])
    assert orders.shape == (4000, 3)
    for place, row, share in ((0, 0, 1 / 2), (0, 1, 1 / 3), (1, 1, 2 / 5)):
        assert (orders[:, place] == row).mean() == pytest.approx(share, abs=0.03)


def test_tokens_of_the_same_network_are_one_cell() -> None:
    """9,444 networks; (3, 0, 0, 1, 0, 0) is the skip alone, since what edge 0-1 does goes nowhere."""
    rows = whole_tree.cell_of()
    assert rows.max() + 1 == len(np.unique(rows)) - 1 == len(space.everything()) == 9444
    code = lambda tokens: np.array(tokens) @ space.TOKENS ** np.arange(5, -1, -1)  # noqa: E731
    assert rows[code((3, 0, 0, 1, 0, 0))] == rows[code((0, 0, 0, 1, 0, 0))]
    assert space.everything()[rows[code((0, 0, 0, 1, 0, 0))]].tolist() == [0, 0, 0, 1, 0, 0]
    assert rows[code((3, 3, 3, 0, 0, 0))] == -1


def test_advice_is_rows_for_json(advisor: model.Advisor) -> None:
    made = measured()
    known = advise.known_embeddings(advisor, advisor.known)
    found = advise.advice(advisor, made, image_sets.image_set("digits"), known, 30)
    json.dumps(found, allow_nan=False)
    assert [row["rank"] for row in found["cells"]] == list(range(1, 13))
    assert all(a["predicted"] >= b["predicted"] for a, b in pairwise(found["cells"]))
    assert "digits" not in [row["set"] for row in found["nearest"]]
    assert sum(row["all"] for row in found["leaning"]["operations"]) == pytest.approx(1)
    with pytest.raises(InvalidSettings, match="ten generated cells"):
        advise.advice(advisor, made, image_sets.image_set("digits"), known, 5)


def test_the_files_of_an_advisor(advisor: model.Advisor, tmp_path: Path) -> None:
    weights, about = model.save(advisor, tmp_path / "own")
    assert weights.stat().st_size < 1 << 20
    back = model.load(tmp_path / "own")
    supports = [image_sets.image_set("gap").support(20, np.random.default_rng(1))]
    pair = [predict(one.predictors, one.scaling, supports, measured().tokens)[0] for one in (advisor, back)]
    assert np.allclose(*pair, atol=0.05)
    with pytest.raises(NotFound, match=r"gone\.safetensors is missing"):
        model.load(tmp_path / "gone")
    (tmp_path / "bad.safetensors").write_bytes(b"no tensors")
    (tmp_path / "bad.json").write_text(about.read_text())
    with pytest.raises(UnsafeCheckpoint, match="damaged"):
        model.load(tmp_path / "bad")
    about.write_text(json.dumps(json.loads(about.read_text()) | {"hidden": 7}))
    model.load.cache_clear()
    with pytest.raises(UnsafeCheckpoint, match="does not hold the weights"):
        model.load(tmp_path / "own")
    about.write_text("{}")
    with pytest.raises(InvalidFile, match="does not describe an advisor"):
        model.load(tmp_path / "own")


def test_descriptors_and_landmarks_see_what_they_should() -> None:
    images = image_sets.image_set("brightness").support(20, np.random.default_rng(0))
    assert descriptors.describe(images[0]).shape == (20, descriptors.FEATURES)
    facts = dict(zip((*landmarks.VIEWS, *landmarks.FACTS), landmarks.landmarks(images)))
    assert facts["grey values"] > 0.4
    digits = landmarks.landmarks(image_sets.image_set("digits").support(20, np.random.default_rng(0)))
    told = dict(zip(landmarks.VIEWS, digits))
    assert told["8 x 8 pixels"] > told["grey values"]
    noise = np.random.default_rng(0).standard_normal((4, 20, 16, 16))
    assert abs(landmarks.landmarks(noise)[: len(landmarks.VIEWS)]).max() < 0.35


def test_leaving_one_out_equals_doing_it() -> None:
    """The closed form against fits without one image each, for a ridge that does not penalise differently."""
    rng = np.random.default_rng(0)
    x = rng.standard_normal((12, 3))
    y = np.array([0, 1] * 6)
    gram = x @ x.T + 1.0
    hat = gram @ np.linalg.inv(gram + 0.05 * np.eye(12))
    targets = np.eye(2)[y]
    closed = targets - (targets - hat @ targets) / (1 - np.diag(hat))[:, None]
    for row in range(12):
        kept = np.arange(12) != row
        weights = np.linalg.solve(gram[np.ix_(kept, kept)] + 0.05 * np.eye(11), targets[kept])
        assert closed[row] == pytest.approx(gram[row, kept] @ weights)


def test_fisher_of_a_set_with_itself_is_nothing() -> None:
    sets = [image_sets.image_set(name) for name in ("edge", "brightness", "gap")]
    found = fisher.distances(sets, fisher.FisherPlan(images=8, schedule=Schedule(epochs=1, batch=160)))
    for values in found.values():
        assert np.diag(values).tolist() == [0, 0, 0]
        assert (values[~np.eye(3, dtype=bool)] > 0).all()
    assert found["Frechet"].max() <= 1


def test_fisher_distances_by_hand() -> None:
    assert fisher.frechet([np.array([1.0, 0.0])], [np.array([0.0, 1.0])]) == 1
    ours, other = [np.array([0.2, 0.3]), np.array([0.5])], [np.array([0.2, 0.3]), np.array([0.5])]
    assert fisher.log_det(ours, other) == 0
    assert fisher.log_det([np.array([np.e, 1.0])], [np.array([1.0, 1.0])]) == pytest.approx(0.5)


def test_gradients_are_of_single_images() -> None:
    """The diagonal is the mean of squared gradients, not the square of the mean: two opposite images do not cancel."""
    network = fisher.bodies([image_sets.image_set("edge")], fisher.FisherPlan(schedule=Schedule(epochs=1, batch=160)))[
        0
    ]
    part = image_sets.image_set("edge").train
    both = fisher.diagonal(network, part, 2)
    one = fisher.diagonal(network, part, 1)
    assert sum(float(v.sum()) for v in both) == pytest.approx(1)
    assert [v.shape for v in both] == [v.shape for v in one]


def test_fuse_keeps_shares_and_prefers_what_works() -> None:
    codes = space.edges_of(np.array([[3, 3, 3, 3, 3, 3], [0, 0, 0, 4, 0, 0]]))
    found = fuse.fuse(codes, image_sets.image_set("gap"), Schedule(epochs=4))
    assert found.mixture.sum(1) == pytest.approx(1)
    assert found.chosen == 0
    with pytest.raises(InvalidSettings, match="two candidates"):
        fuse.fuse(codes[:1], image_sets.image_set("gap"))


def write(folder: Path, classes: dict[str, int], size: tuple[int, int] = (20, 20)) -> Path:
    rng = np.random.default_rng(0)
    for place, (name, number) in enumerate(classes.items()):
        (folder / name).mkdir(parents=True, exist_ok=True)
        for k in range(number):
            grey = (60 * place + rng.integers(0, 60, size)).astype(np.uint8)
            Image.fromarray(grey).save(folder / name / f"{k}.png")
    return folder


def test_a_folder_of_images(tmp_path: Path) -> None:
    made = own_images.read_folder(write(tmp_path / "mine", {"a": 9, "b": 12}))
    assert (made.classes, len(made.train)) == (2, 21)
    assert made.train.images.shape == (21, 16, 16)
    assert abs(float(made.train.images.mean())) < 1e-5


def test_folders_that_are_no_data_set_are_refused_in_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="There is no folder"):
        own_images.read_folder(tmp_path / "nowhere")
    with pytest.raises(InvalidSettings, match="holds 1 class folder"):
        own_images.read_folder(write(tmp_path / "one", {"a": 9}))
    with pytest.raises(InvalidSettings, match="Class 'b' of 'few' has 3 image"):
        own_images.read_folder(write(tmp_path / "few", {"a": 9, "b": 3}))
    mixed = write(tmp_path / "mixed", {"a": 9, "b": 9})
    write(mixed, {"c": 9}, (20, 30))
    with pytest.raises(InvalidFile, match="30 x 20 pixels and the first image 20 x 20"):
        own_images.read_folder(mixed)
    bad = write(tmp_path / "bad", {"a": 9, "b": 9})
    (bad / "b" / "3.png").write_bytes(b"no picture")
    with pytest.raises(InvalidFile, match=r"3\.png of class b cannot be read"):
        own_images.read_folder(bad)
    with pytest.raises(InvalidSettings, match="one grey value"):
        own_images.from_arrays("flat", [np.zeros((9, 16, 16))] * 2, ["a", "b"])
