"""Use cases: what a screen or a command may ask for, and what follows what. Writes jobs, computes nothing."""
