import pytest

from activedints.loop.importing import ImportRequest, import_cases


@pytest.fixture
def imported(store, brains):
    """Six brains, one of them held out, one for calibration; the first query is drawn at random (no starter fits)."""
    import_cases(store, ImportRequest(brains, holdout="brain_0", calibration="brain_5"))
    return store
