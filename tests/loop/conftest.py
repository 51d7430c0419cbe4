import pytest

from activedints.loop import reading
from tests.ui.workspaces import filled, turn


@pytest.fixture
def turned(tmp_path):
    """Two whole turns over twelve cases; the next query is open."""
    store = filled(tmp_path, 12)
    for skill in (0.4, 0.7):
        reading.simulate_reader(store)
        turn(store, skill)
    yield store
    store.engine.dispose()
