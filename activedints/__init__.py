"""Active-DiNTS: interactive active learning and architecture search for 3-D brain MRI segmentation."""

__version__ = "0.1.0"
