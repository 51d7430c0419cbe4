"""Active-DiNTS: interactive active learning and architecture search for 3-D brain MRI segmentation."""

import os

__version__ = "0.1.0"

# Before torch comes in. OpenMP threads that wait for one another spin for microseconds and then sleep: to sleep at
# once makes a training step on two quiet cores 1.6 times as long, to spin for ever steals the core of other processes.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
os.environ.setdefault("GOMP_SPINCOUNT", "10000")
