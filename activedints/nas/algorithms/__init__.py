"""Search algorithms, each on the measured table of data sets x architectures, where an evaluation costs nothing."""
