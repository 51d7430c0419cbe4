"""Evaluation glyphs as a file that ships: the page deals from them at once, where drawing them anew takes seconds.

Written by ``python -m activedints.nas.few_shot.glyph_pack`` from ``glyphs.read()``: the first ten drawings of each.
"""

from pathlib import Path

import numpy as np

from activedints.core.errors import InvalidFile
from activedints.nas.few_shot.episodes import ImageClasses

PACK = Path(__file__).parent / "checkpoints" / "glyphs_evaluation.npz"
DRAWINGS = 10


def read(path: Path = PACK) -> ImageClasses:
    """The classes of the pack; InvalidFile for anything else."""
    try:
        with np.load(path, allow_pickle=False) as arrays:
            return ImageClasses(arrays["images"], tuple(arrays["names"].tolist()))
    except (OSError, ValueError, KeyError) as fault:
        raise InvalidFile(f"{path.name} is no pack of glyphs ({fault}): install the package again.") from None


def write(classes: ImageClasses, path: Path = PACK) -> None:
    """Keep the first drawings of every class."""
    np.savez_compressed(path, images=classes.images[:, :DRAWINGS], names=np.array(classes.names))


if __name__ == "__main__":
    from activedints.nas.few_shot import glyphs

    write(glyphs.read()[1])
