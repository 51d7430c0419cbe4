"""Studies of active learning on fully labelled data: arms, cells, figures and the report."""
