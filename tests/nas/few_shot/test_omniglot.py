import io
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from activedints.core.errors import InvalidFile, NotFound, UnsafePath
from activedints.nas.few_shot import omniglot


def png(side: int = 105, dot: tuple[int, int] = (50, 50)) -> bytes:
    """A white page with one 9 x 9 black dot."""
    page = np.full((side, side), 255, np.uint8)
    page[dot[0] - 4 : dot[0] + 5, dot[1] - 4 : dot[1] + 5] = 0
    file = io.BytesIO()
    Image.fromarray(page).convert("1").save(file, "PNG")
    return file.getvalue()


def archive(folder: Path, part: str, members: dict[str, bytes]) -> Path:
    path = folder / f"{part}.zip"
    with zipfile.ZipFile(path, "w") as file:
        for name, data in members.items():
            file.writestr(name, data)
    return path


def official(folder: Path) -> Path:
    """Two alphabets in the official layout, two drawings a character, with the clutter that archives carry."""
    for part, alphabet in zip(omniglot.PARTS, ("Greek", "Tengwar")):
        names = [f"{part}/{alphabet}/character0{c}/000{c}_0{d}.png" for c in (1, 2) for d in (1, 2)]
        clutter = {f"{part}/{alphabet}/": b"", f"__MACOSX/{part}/._x.png": b"x"}
        archive(folder, part, clutter | {name: png(dot=(20 * n + 20, 30)) for n, name in enumerate(names)})
    return folder


def test_the_official_archives_are_read(tmp_path: Path) -> None:
    background, evaluation = omniglot.read(official(tmp_path))
    assert background.names == ("images_background/Greek/character01", "images_background/Greek/character02")
    assert evaluation.images.shape == (2, 2, 1, 28, 28)
    rows, columns = np.nonzero(background.images[0, 0, 0] > 30)
    # the dot covers 16..24 by 26..34 of 105 pixels: 4.3 to 6.7 by 6.9 to 9.3 of 28
    assert (rows.min(), rows.max(), columns.min(), columns.max()) == (4, 6, 7, 9)
    assert background.images[0, 0, 0].max() > 200
    assert background.images[0, 0, 0].min() == 0


@pytest.mark.parametrize(
    "name", ["../evil.png", "/etc/evil.png", "images/../../evil.png", "C:\\evil.png", "a\\..\\..\\e.png"]
)
def test_an_archive_that_would_leave_its_folder_is_refused(tmp_path: Path, name: str) -> None:
    path = archive(tmp_path, "images_background", {name: png()})
    with pytest.raises(UnsafePath, match="leave its folder"):
        omniglot.read_zip(path)
    assert [p.name for p in tmp_path.iterdir()] == ["images_background.zip"]


def test_broken_archives_are_named(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="data get omniglot"):
        omniglot.read(tmp_path)
    (tmp_path / "images_background.zip").write_bytes(b"PK but no archive")
    with pytest.raises(InvalidFile, match="no zip archive"):
        omniglot.read_zip(tmp_path / "images_background.zip")
    uneven = {"a/b/c1/1.png": png(), "a/b/c2/1.png": png(), "a/b/c2/2.png": png()}
    with pytest.raises(InvalidFile, match="equally many"):
        omniglot.read_zip(archive(tmp_path, "uneven", uneven))
    with pytest.raises(InvalidFile, match="cannot be read as PNG"):
        omniglot.read_zip(archive(tmp_path, "text", {"a/b/c1/1.png": b"no picture"}))
    with pytest.raises(InvalidFile, match="at most"):
        omniglot.read_zip(archive(tmp_path, "bomb", {"a/b/c1/1.png": bytes(2 << 20)}))
    np.savez(tmp_path / "omniglot28.npz", y=np.zeros(3))
    with pytest.raises(InvalidFile, match="'x' and 'classes'"):
        omniglot.read(tmp_path / "omniglot28.npz")


def test_the_shared_omniglot_has_its_official_numbers(shared_data: Path) -> None:
    background, evaluation = omniglot.read(shared_data / "omniglot")
    assert background.images.shape == (964, 20, 1, 28, 28)
    assert evaluation.images.shape == (659, 20, 1, 28, 28)
    assert not {n.split("/")[1] for n in background.names} & {n.split("/")[1] for n in evaluation.names}
