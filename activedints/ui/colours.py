"""The colours of labels and of uncertainty, the same on every screen.

Labels take Okabe and Ito's colour-blind-safe palette (Color Universal Design, 2008), in an order whose first four
also differ in lightness. The heat map runs from black over violet to cream, so that it never looks like a label.
"""

LABELS = ("#56B4E9", "#E69F00", "#009E73", "#F0E442", "#CC79A7", "#D55E00", "#0072B2")
HEAT = ("#120d32", "#4a1079", "#822681", "#b73779", "#e75263", "#fc8961", "#fec488", "#fcfdbf")
"""Eight stops from 0 to 1, evenly spaced."""


def label_colour(position: int) -> str:
    """Hex colour of the ``position``-th foreground label of a label set (0 is the first); the palette repeats.

    >>> label_colour(0), label_colour(7)
    ('#56B4E9', '#56B4E9')
    """
    return LABELS[position % len(LABELS)]


def label_colours(names: list[str]) -> dict[str, str]:
    """One colour per foreground label name, as plotly's ``color_discrete_map`` wants it.

    >>> label_colours(["edema", "core"])
    {'edema': '#56B4E9', 'core': '#E69F00'}
    """
    return {name: label_colour(position) for position, name in enumerate(names)}
