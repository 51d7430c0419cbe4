"""Characters that need no download: glyphs of many scripts (matplotlib's DejaVu), re-drawn by a simulated hand.

A glyph is thinned to its strokes; each drawing bends the plane a little (a smooth displacement and an affine map) and
draws the strokes anew with a pen of its own width. Simulated handwriting, not Omniglot: figures on it are named as
such. Scripts are split, and a glyph that looks like one that was met before is dropped, so that evaluation characters
are new.
"""

import unicodedata
from functools import cache
from pathlib import Path

import matplotlib
import numpy as np
import numpy.typing as npt
import torch
from matplotlib.ft2font import FT2Font
from scipy.ndimage import distance_transform_edt, gaussian_filter
from skimage.morphology import skeletonize
from skimage.transform import resize
from torch.nn import functional as F

from activedints.nas.few_shot.episodes import SIZE, ImageClasses

BACKGROUND = ("LATIN", "GREEK", "CYRILLIC", "CANADIAN", "ARABIC", "HEBREW", "COPTIC", "LISU")
EVALUATION = ("GEORGIAN", "ARMENIAN", "TIFINAGH", "LAO", "NKO", "OLD", "OGHAM")

SIDE = 64
"""Pixels of the field on which strokes are kept; a glyph fills 3/4 of it."""

ALIKE = 0.85
"""Two glyphs whose blurred strokes correlate more than this count as one."""

Field = npt.NDArray[np.float32]


@cache
def read(drawings: int = 20, seed: int = 0) -> tuple[ImageClasses, ImageClasses]:
    """Background and evaluation classes with ``drawings`` each, from the seed; a few seconds, then kept."""
    names, fields = characters()
    generator = torch.Generator().manual_seed(seed)
    images = torch.cat([draw(torch.from_numpy(part), drawings, generator) for part in np.array_split(fields, 20)])
    everything = ImageClasses(images.numpy(), names)
    first = np.array([name.split()[0] in BACKGROUND for name in names])
    return everything.subset(np.flatnonzero(first)), everything.subset(np.flatnonzero(~first))


@cache
def characters() -> tuple[tuple[str, ...], Field]:
    """Unicode names of the glyphs that look different from all before, and their distance fields (glyph, y, x)."""
    font = FT2Font(str(Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"))
    font.set_size(SIDE, 72)
    names, fields, looks = [], [], np.zeros((0, SIDE * SIDE // 16))
    for code in script_order(font):
        strokes = thinned(font, code)
        look = gaussian_filter(strokes.astype(float), 2.5)[::4, ::4].ravel()
        look = (look - look.mean()) / max(float(np.linalg.norm(look - look.mean())), 1e-9)
        if strokes.sum() >= SIDE // 4 and (not len(looks) or (looks @ look).max() < ALIKE):
            names.append(unicodedata.name(chr(code)))
            fields.append(distance_transform_edt(~strokes).astype(np.float32))
            looks = np.vstack([looks, look])
    return tuple(names), np.stack(fields)


def script_order(font: FT2Font) -> list[int]:
    """Code points of undecorated letters, background scripts first."""
    order = {script: place for place, script in enumerate(BACKGROUND + EVALUATION)}
    found = [
        (order[script], code)
        for code in font.get_charmap()
        if unicodedata.category(chr(code)) in ("Lu", "Ll", "Lo") and not unicodedata.decomposition(chr(code))
        if (script := unicodedata.name(chr(code)).split()[0]) in order
    ]
    return [code for _, code in sorted(found)]


def thinned(font: FT2Font, code: int) -> npt.NDArray[np.bool_]:
    """The strokes of a glyph one pixel wide, centred, its longer side 3/4 of the field."""
    font.clear()
    font.set_text(chr(code))
    font.draw_glyphs_to_bitmap()
    ink = np.asarray(font.get_image())
    rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
    if not len(rows):
        return np.zeros((SIDE, SIDE), bool)
    ink = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    scale = 0.75 * SIDE / max(ink.shape)
    height, width = (max(1, round(n * scale)) for n in ink.shape)
    field = np.zeros((SIDE, SIDE))
    top, left = (SIDE - height) // 2, (SIDE - width) // 2
    field[top : top + height, left : left + width] = resize(ink.astype(float), (height, width), anti_aliasing=True)
    return skeletonize(field > 0.45 * field.max())


def draw(fields: torch.Tensor, drawings: int, generator: torch.Generator) -> torch.Tensor:
    """Distance fields (glyph, y, x) -> (glyph, drawing, 1, 28, 28) uint8, ink bright."""
    number = len(fields) * drawings
    normal = lambda *shape: torch.randn(*shape, generator=generator)  # noqa: E731
    theta = torch.eye(2, 3).repeat(number, 1, 1)
    theta[:, :, :2] += 0.10 * normal(number, 2, 2)
    theta[:, :, 2] += 0.06 * normal(number, 2)
    size = [number, 1, 2 * SIZE, 2 * SIZE]
    bend = F.interpolate(0.07 * normal(number, 2, 4, 4), size[2:], mode="bicubic", align_corners=True)
    grid = F.affine_grid(theta, size, align_corners=False) + bend.permute(0, 2, 3, 1)
    source = fields.repeat_interleave(drawings, 0)[:, None]
    distance = F.grid_sample(source, grid, padding_mode="border", align_corners=False)
    pen = 1.6 + 0.5 * torch.rand(number, 1, 1, 1, generator=generator)
    ink = F.avg_pool2d((pen + 0.5 - distance).clamp(0, 1), 2)
    return (255 * ink).to(torch.uint8).view(len(fields), drawings, 1, SIZE, SIZE)
