import numpy as np
import pytest
import torch

from activedints.core.errors import InvalidFile
from activedints.nas.few_shot import glyph_pack, glyphs


def test_scripts_are_split_and_drawn_by_hand() -> None:
    background, evaluation = glyphs.read()
    assert len(background) >= 400
    assert len(evaluation) >= 100
    scripts = [{name.split()[0] for name in part.names} for part in (background, evaluation)]
    assert not scripts[0] & scripts[1]
    ink = (evaluation.images > 100).mean((2, 3, 4))
    assert ink.min() > 0.005  # nothing blank
    assert ink.max() < 0.5
    first, second = evaluation.images[0, :2].astype(float)
    assert not np.array_equal(first, second)  # every drawing is its own


def test_the_same_seed_draws_the_same() -> None:
    _, fields = glyphs.characters()

    one, two, other = (
        glyphs.draw(torch.from_numpy(fields[:3]), 4, torch.Generator().manual_seed(seed)) for seed in (0, 0, 1)
    )
    assert torch.equal(one, two)
    assert not torch.equal(one, other)
    assert one.shape == (3, 4, 1, 28, 28)


def test_no_two_glyphs_look_alike() -> None:
    """The nearest pair of clean glyphs still differs: drawn without a hand, no two pictures are equal."""
    _, fields = glyphs.characters()
    flat = (fields < 2).reshape(len(fields), -1)
    assert len(np.unique(flat, axis=0)) == len(flat)


def test_the_pack_that_ships_holds_the_evaluation_scripts(tmp_path) -> None:
    pack = glyph_pack.read()
    assert pack.images.shape == (209, glyph_pack.DRAWINGS, 1, 28, 28)
    assert all(name.split()[0] in glyphs.EVALUATION for name in pack.names)
    glyph_pack.write(pack, tmp_path / "pack.npz")
    assert np.array_equal(glyph_pack.read(tmp_path / "pack.npz").images, pack.images)
    (tmp_path / "pack.npz").write_bytes(b"PK no pack")
    with pytest.raises(InvalidFile, match=r"pack\.npz is no pack of glyphs"):
        glyph_pack.read(tmp_path / "pack.npz")
