"""A small advisor that was trained in seconds on the made-up table."""

from functools import cache

import torch

from activedints.nas.advisor import model
from activedints.nas.advisor.generator import GeneratorPlan
from activedints.nas.advisor.predictor import PredictorPlan
from tests.nas.measured.made_up import measured


@cache
def small_advisor() -> model.Advisor:
    torch.set_num_threads(1)
    plan = PredictorPlan(steps=120, draws=4, dropout=0.0, rate=6e-3)
    return model.trained(measured(), members=1, predictor=plan, generator=GeneratorPlan(steps=150, draws=4, best=0.2))
