"""MbML-NAS: benchmark tables of architectures, meta-features, regressors, honest rankings."""
