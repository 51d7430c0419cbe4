"""Learning: networks, training, search and prediction. Torch and MONAI; arrays and paths in, arrays and numbers out."""

import os

# Idle OpenMP threads that spin steal the core that another process computes on: passive waiting halves the processor
# time of a step on a loaded machine and costs nothing on a quiet one. Must stand before torch is first imported.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
