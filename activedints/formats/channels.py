"""One 3-D file per channel, for readers of one image at a time (the viewer): stacked channels come apart."""

from pathlib import Path

import numpy as np

from activedints.formats.header import read_header
from activedints.formats.nifti import write_map
from activedints.formats.voxels import read_raw, scale


def channel_files(image: Path, folder: Path) -> list[Path]:
    """The 3-D files of an image on its own grid: itself if it is 3-D, else one uncompressed file per channel.

    Made once: ``folder/NAME-INDEX.nii``, with the stored integers where the file has no scaling, float32 elsewhere.
    """
    header = read_header(image)
    if header.channels == 1 and len(header.shape) == 3:
        return [image]
    name = image.name.removesuffix(".gz").removesuffix(".nii")
    paths = [folder / f"{name}-{index}.nii" for index in range(header.channels)]
    if all(path.is_file() for path in paths):
        return paths
    folder.mkdir(parents=True, exist_ok=True)
    raw = read_raw(header)
    for index, path in enumerate(paths):
        values = scale(header, raw[..., index]) if header.scaled else raw[..., index]
        write_map(path, header.grid.to_ras(values), header.grid.ras.affine, image, np.dtype(values.dtype))
    return paths
