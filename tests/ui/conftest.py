"""The app under test: the real scripts on a small workspace, as Streamlit's own tester runs them."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from activedints.store import jobs
from activedints.store.database import Store
from tests.ui import workspaces

ROOT = Path(__file__).parents[2]
Open = Callable[..., AppTest]


@pytest.fixture
def open_page(monkeypatch: pytest.MonkeyPatch) -> Open:
    """``open_page(store, "worklist", reader="Ada", case="3")``: the script, run once with that address."""

    def run(store: Store, page: str = "", **address: str) -> AppTest:
        monkeypatch.setenv("ACTIVEDINTS_WORKSPACE", str(store.folder))
        app = AppTest.from_file(str(ROOT / "app.py"), default_timeout=60)
        for name, value in address.items():
            app.query_params[name] = value
        if page:
            app.switch_page(f"pages/{page}.py")
        return app.run()

    return run


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Every state once; each test works on a copy."""
    stores = {name: make(tmp_path_factory.mktemp(name)) for name, make in workspaces.STATES.items()}
    for store in stores.values():
        store.engine.dispose()
    return {name: store.folder for name, store in stores.items()}


@pytest.fixture
def state(made: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Store]:
    def copy(name: str) -> Store:
        store = Store.open(Path(shutil.copytree(made[name], tmp_path / name)))
        if name != "failed":
            monkeypatch.setattr(jobs, "ALIVE_SECONDS", 3600.0)  # one beat lasts a test, however busy the machine is
            workspaces.heartbeat(store)
        return store

    return copy


@pytest.fixture
def empty(state: Callable[[str], Store]) -> Store:
    return state("empty")


@pytest.fixture
def ready(state: Callable[[str], Store]) -> Store:
    return state("ready")


@pytest.fixture
def answered(state: Callable[[str], Store]) -> Store:
    return state("answered")


@pytest.fixture
def failed(state: Callable[[str], Store]) -> Store:
    return state("failed")
