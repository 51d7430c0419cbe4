"""Moved and swapped drawings are recognised as such, by a sure model and by an unsure one; honest ones stay."""

import doctest

import numpy as np
import pytest

from activedints.core import label_repair
from activedints.core.label_errors import suspicion
from activedints.core.label_repair import Repair, likeliest_repair
from activedints.core.volume import IGNORE

NAMES = ("edema", "core")
SPACING = (2.0, 2.0, 2.0)
BRAIN = np.ones((28, 28, 28), bool)


def test_examples():
    assert doctest.testmod(label_repair).failed == 0


def tumour(sureness):
    """Edema around a core: a model's probability (3, x, y, z) of it and the true map."""
    grid = np.indices(BRAIN.shape) - 13.5
    distance = np.sqrt((grid**2).sum(0))
    inside, deep = (1 / (1 + np.exp((distance - radius) * sureness)) for radius in (9, 4))
    probability = np.stack([1 - inside, inside * (1 - deep), inside * deep])
    return probability, ((distance < 9).astype(np.uint8) + (distance < 4)).astype(np.uint8)


def repair(probability, label, brain=BRAIN, spacing=SPACING):
    return likeliest_repair(probability, label, brain, spacing, NAMES)


@pytest.mark.parametrize("sureness", [0.3, 1, 4])
def test_an_honest_map_needs_no_repair_however_unsure_the_model_is(sureness):
    probability, label = tumour(sureness)
    assert repair(probability, label) == Repair()


@pytest.mark.parametrize("sureness", [0.3, 1, 4])
@pytest.mark.parametrize(("step", "millimetres"), [((2, 0, 0), 4), ((0, -3, 0), 6), ((1, 1, 1), 3)])
def test_a_moved_map_is_moved_back(sureness, step, millimetres):
    probability, label = tumour(sureness)
    found = repair(probability, np.roll(label, step, (0, 1, 2)))
    assert found.gain > 0
    assert found.words == f"as if moved by {millimetres} mm"


def test_the_distance_is_in_millimetres_on_any_grid():
    probability, label = tumour(2)
    found = repair(probability, np.roll(label, 4, 2), spacing=(2.0, 2.0, 1.0))
    assert found.words == "as if moved by 4 mm"


@pytest.mark.parametrize("sureness", [0.3, 4])
def test_labels_taken_for_each_other_are_named(sureness):
    probability, label = tumour(sureness)
    assert repair(probability, np.array([0, 2, 1], np.uint8)[label]).words == (
        "as if 'edema' and 'core' were taken for each other"
    )
    renamed = np.where(label == 2, 1, 0).astype(np.uint8)  # the core alone is drawn, and called edema
    assert "taken for each other" in repair(probability, renamed).words


def test_an_empty_map_has_nothing_to_repair():
    probability, label = tumour(1)
    assert repair(probability, label * 0) == Repair()


def test_what_nobody_annotated_speaks_for_no_repair():
    probability, label = tumour(1)
    label = np.roll(label, 2, 0)
    unknown = np.where(label > 0, label, IGNORE).astype(np.uint8)
    whole, partial = repair(probability, label), repair(probability, unknown)
    assert 0 <= partial.gain < whole.gain


def test_a_drawing_at_the_edge_of_the_array_is_not_lost_for_leaving_it():
    probability, label = tumour(2)
    probability, label = probability[:, 8:], label[8:]
    assert repair(probability, label, BRAIN[8:]) == Repair()


def test_the_gain_counts_in_the_ranking():
    probability, label = tumour(0.5)
    honest, moved = (suspicion(probability, one, BRAIN, SPACING, NAMES) for one in (label, np.roll(label, 2, 0)))
    assert moved.total == moved.excess + moved.repair.gain
    assert moved.total > honest.total
