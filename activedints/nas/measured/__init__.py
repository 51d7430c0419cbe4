"""Data sets x architectures, measured: small image data sets, the networks that are trained on them, and the table."""
