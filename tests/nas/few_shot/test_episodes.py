import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from activedints.core.errors import InvalidFile, InvalidSettings
from activedints.nas.few_shot.episodes import EpisodePlan, ImageClasses, evaluation_list, from_drawings, gather, plan
from tests.nas.few_shot.few_shot_classes import strokes


def test_an_episode_holds_the_images_that_its_plan_names() -> None:
    """By hand: classes 2 and 0, the second turned by a quarter, example 1 as support and 0 as target."""
    images = strokes(3, 2)
    wanted = EpisodePlan(np.array([[2, 0]]), np.array([[0, 1]]), np.array([[[1, 0], [1, 0]]]), 1)
    episodes = gather(images, wanted)
    assert episodes.support.shape == (1, 2, 1, 28, 28)
    assert np.array_equal(episodes.support[0, 0, 0].numpy(), images.images[2, 1, 0] / np.float32(255))
    assert np.array_equal(episodes.target[0, 1, 0].numpy(), np.rot90(images.images[0, 0, 0]) / np.float32(255))
    assert episodes.support_labels.tolist() == [0, 1]


@settings(max_examples=25, deadline=None)
@given(
    way=st.integers(2, 8),
    shot=st.integers(1, 3),
    target=st.integers(1, 3),
    turned=st.booleans(),
    seed=st.integers(0, 99),
)
def test_classes_and_examples_never_repeat_in_an_episode(
    way: int, shot: int, target: int, turned: bool, seed: int
) -> None:
    made = plan(strokes(), way, shot, target, 5, np.random.default_rng(seed), turned)
    kinds = made.classes * 4 + made.turns
    assert all(len(set(row)) == way for row in kinds.tolist())
    assert all(len(set(row)) == shot + target for rows in made.examples.tolist() for row in rows)
    episodes = gather(strokes(), made)
    assert episodes.support.shape[:2] == (5, way * shot)
    assert episodes.target_labels.tolist() == [c for c in range(way) for _ in range(target)]


def test_grouped_episodes_stay_in_one_group() -> None:
    """Five classes of group a, three of group b: four-way episodes come from a, three-way ones from both."""
    named = ImageClasses(strokes(8, 6).images, tuple(f"{'a' if n < 5 else 'b'}/{n}" for n in range(8)))
    assert [group.tolist() for group in named.groups] == [[0, 1, 2, 3, 4], [5, 6, 7]]
    rng = np.random.default_rng(0)
    four, three = (plan(named, way, 1, 1, 20, rng, grouped=True).classes for way in (4, 3))
    assert four.max() < 5
    assert {tuple(sorted(set((row >= 5).tolist()))) for row in three} == {(False,), (True,)}
    with pytest.raises(InvalidSettings, match="in a group"):
        plan(named, 6, 1, 1, 1, rng, grouped=True)


def test_the_evaluation_list_is_fixed() -> None:
    images = strokes(20, 10)
    first, second = (evaluation_list(images, 5, 1, episodes=600) for _ in range(2))
    assert len(first) == 600
    assert first.fingerprint() == second.fingerprint() == "1c44e40b543b"
    assert first.fingerprint() != evaluation_list(images, 5, 2).fingerprint()
    assert not first.turns.any()


@pytest.mark.parametrize(
    ("way", "shot", "target", "says"),
    [(9, 1, 1, "choose fewer"), (1, 1, 1, "2 to 8"), (5, 0, 1, "support"), (5, 4, 3, "each class has 6")],
)
def test_too_few_classes_or_examples_are_named(way: int, shot: int, target: int, says: str) -> None:
    with pytest.raises(InvalidSettings, match=says):
        plan(strokes(8, 6), way, shot, target, 1, np.random.default_rng(0))


def test_drawings_become_classes() -> None:
    rng = np.random.default_rng(0)
    drawings = [[rng.integers(0, 255, (28, 28), np.uint8)] for _ in range(3)]
    made = from_drawings(drawings)
    assert made.images.shape == (3, 1, 1, 28, 28)
    assert np.array_equal(made.images[1, 0, 0], drawings[1][0])


def test_bad_drawings_are_named() -> None:
    fine = np.random.default_rng(0).integers(0, 255, (28, 28), np.uint8)
    with pytest.raises(InvalidFile, match="class 2 is blank"):
        from_drawings([[fine], [np.full((28, 28), 7, np.uint8)]])
    with pytest.raises(InvalidFile, match="grey uint8"):
        from_drawings([[fine], [np.zeros((28, 28, 3), np.uint8)]])
    with pytest.raises(InvalidFile, match=r"\(14, 28\)"):
        from_drawings([[fine], [fine[::2]]])
    with pytest.raises(InvalidSettings, match="equally many"):
        from_drawings([[fine], [fine, fine]])
    with pytest.raises(InvalidSettings, match="two classes"):
        from_drawings([[fine]])


def test_images_of_another_size_are_refused() -> None:
    with pytest.raises(InvalidFile, match="resize"):
        ImageClasses(np.zeros((2, 2, 1, 32, 32), np.uint8), ("a", "b"))
    with pytest.raises(InvalidFile, match="as many"):
        ImageClasses(np.zeros((2, 2, 1, 28, 28), np.uint8), ("a",))
