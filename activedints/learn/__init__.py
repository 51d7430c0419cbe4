"""Learning: networks, training, search and prediction. Torch and MONAI; arrays and paths in, arrays and numbers out."""
