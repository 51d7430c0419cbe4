"""Pictures of one's own as classes; every bad one is named in one sentence."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from activedints.core.errors import ActiveDintsError, InvalidFile, InvalidSettings, NotFound
from activedints.nas.few_shot import pictures


def save(path: Path, size: tuple[int, int] = (28, 28), mode: str = "L", paper: int = 255, ink: int = 0) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    grey = np.full(size[::-1], paper, np.uint8)
    grey[4:20, 10:13] = ink
    Image.fromarray(grey).convert(mode).save(path)


def test_dark_on_light_and_light_on_dark_read_alike(tmp_path):
    for name, paper in (("a", 255), ("b", 0)):
        for number in range(3):
            save(tmp_path / name / f"{number}.png", paper=paper, ink=255 - paper)
    found = pictures.read_folder(tmp_path)
    assert found.names == ("a", "b")
    assert np.array_equal(found.images[0], found.images[1])
    assert found.images[0, 0, 0, 10, 11] == 255
    wanted = pictures.in_order(found, 1)
    assert (wanted.way, wanted.shot, wanted.examples.tolist()) == (2, 1, [[[0, 1, 2]] * 2])
    with pytest.raises(InvalidSettings, match="leave none of its 3"):
        pictures.in_order(found, 3)


@pytest.mark.parametrize(
    ("spoil", "error", "words"),
    [
        (lambda f: save(f / "a" / "0.png", size=(105, 105)), InvalidFile, "a/0.png is 105 x 105 of mode L; .* resize"),
        (lambda f: save(f / "a" / "0.png", mode="RGB"), InvalidFile, "28 x 28 of mode RGB; .* convert"),
        (lambda f: save(f / "a" / "0.png", ink=255), InvalidFile, "class 1 is blank"),
        (lambda f: (f / "a" / "0.png").write_bytes(b"no picture"), InvalidFile, "cannot be read as PNG"),
        (lambda f: save(f / "a" / "9.png"), InvalidSettings, "equally many examples"),
        (lambda f: [p.unlink() for p in (f / "a").iterdir()], InvalidSettings, "two classes or more"),
    ],
)
def test_a_bad_picture_is_one_sentence(tmp_path, spoil, error, words):
    for name in "ab":
        for number in range(2):
            save(tmp_path / name / f"{number}.png")
    spoil(tmp_path)
    with pytest.raises(error, match=words) as told:
        pictures.read_folder(tmp_path)
    assert isinstance(told.value, ActiveDintsError)
    assert "\n" not in str(told.value)


def test_a_folder_that_is_not_there(tmp_path):
    with pytest.raises(NotFound, match="is no folder"):
        pictures.read_folder(tmp_path / "nowhere")
