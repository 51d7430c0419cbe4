"""What all tests share: where the real data lies, and a tiny data set made once."""

import os
from pathlib import Path

import pytest

from activedints.store.database import Store
from tests.brains import write_dataset

SHARED = Path(os.environ.get("ACTIVEDINTS_SHARED_DATA", Path(__file__).parents[2] / "shared" / "data"))


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The real data; where it is absent the test skips with a sentence, and with CI=true it fails."""
    if not SHARED.is_dir():
        sentence = f"The real data is not at {SHARED}; set ACTIVEDINTS_SHARED_DATA to run this test."
        (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(sentence)
    return SHARED


@pytest.fixture(scope="session")
def brains(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six tiny brains in MSD layout."""
    return write_dataset(tmp_path_factory.mktemp("brains"))


@pytest.fixture
def store(tmp_path: Path):
    opened = Store.open(tmp_path / "workspace")
    yield opened
    opened.engine.dispose()
