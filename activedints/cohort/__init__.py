"""The simulated cohort: anatomy, tumour growth, MR contrast. See docs/cohort.md."""

from activedints.cohort.settings import CohortSettings, Contrast
from activedints.cohort.simulate import anatomy_files, plan_case, simulate_case, simulate_cohort

__all__ = ["CohortSettings", "Contrast", "anatomy_files", "plan_case", "simulate_case", "simulate_cohort"]
