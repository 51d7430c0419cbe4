"""DICOM series written with pydicom, for the tests of conversion."""

from pathlib import Path

import numpy as np
from pydicom.dataset import FileDataset, FileMetaDataset
from pydicom.uid import ExplicitVRLittleEndian, MRImageStorage, generate_uid

ORIENTATION = (0.8, 0.6, 0.0, 0.0, 0.0, -1.0)
"""Oblique coronal: columns run along (.8, .6, 0), rows towards the feet; in DICOM's LPS world."""


def write_slices(folder: Path, voxels: np.ndarray, thickness: float = 3.0, **tags: object) -> Path:
    """``voxels`` (column, row, slice) int16, one file per slice in a shuffled order; in-plane spacing 1.5 x 2 mm."""
    folder.mkdir(parents=True, exist_ok=True)
    across, down = np.reshape(ORIENTATION, (2, 3))
    normal = np.cross(across, down)
    series = generate_uid()
    for number in range(voxels.shape[2]):
        meta = FileMetaDataset()
        meta.MediaStorageSOPClassUID = MRImageStorage
        meta.MediaStorageSOPInstanceUID = generate_uid()
        meta.TransferSyntaxUID = ExplicitVRLittleEndian
        item = FileDataset(None, {}, file_meta=meta, preamble=b"MZ" + b"\0" * 126)
        item.SOPClassUID, item.SOPInstanceUID = MRImageStorage, meta.MediaStorageSOPInstanceUID
        item.SeriesInstanceUID, item.StudyInstanceUID, item.Modality = series, generate_uid(), "MR"
        item.PatientName, item.PatientID = "Doe^Jane", "MRN4711"
        item.Columns, item.Rows = voxels.shape[:2]
        item.PixelSpacing = [2.0, 1.5]  # between rows, between columns
        item.SliceThickness = thickness
        item.ImageOrientationPatient = list(ORIENTATION)
        item.ImagePositionPatient = [float(v) for v in (10, -20, 30) + number * thickness * normal]
        item.SamplesPerPixel, item.PhotometricInterpretation = 1, "MONOCHROME2"
        item.BitsAllocated = item.BitsStored = 16
        item.HighBit, item.PixelRepresentation = 15, 1
        for tag, value in tags.items():
            setattr(item, tag, value)
        item.PixelData = np.ascontiguousarray(voxels[:, :, number].T, "<i2").tobytes()
        item.save_as(folder / f"{(number * 7) % 101:03d}.dcm", enforce_file_format=True)
    return folder
