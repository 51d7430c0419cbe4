"""What a question to the interactive lane is told when nobody answers."""

import json
import socket
from pathlib import Path

import pytest

from activedints.core.errors import NotFound
from activedints.loop.asking import ADDRESS_FILE, ask
from activedints.loop.standing import DEFAULT_WORKSPACE, worker_command
from activedints.store.database import Store
from tests.ui import workspaces


def test_the_hint_starts_a_worker_of_this_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert worker_command(Store.open(Path(DEFAULT_WORKSPACE))) == "activedints worker"
    other = Store.open(tmp_path / "the other one")
    assert worker_command(other) == f"activedints worker --workspace '{other.folder}'"
    with pytest.raises(NotFound, match="the other one"):
        ask(other, {"do": "ping"})


def test_a_busy_worker_is_not_called_missing(tmp_path: Path) -> None:
    store = Store.open(tmp_path)
    with socket.create_server(("127.0.0.1", 0)) as lane:  # takes the question and never answers
        (tmp_path / ADDRESS_FILE).write_text(json.dumps({"port": lane.getsockname()[1], "secret": "s"}))
        with pytest.raises(NotFound, match="No worker answers"):
            ask(store, {"do": "ping"}, seconds=0.1)
        workspaces.heartbeat(store)
        with pytest.raises(NotFound, match="busy with another question and gave no answer within 0.1 s: try again"):
            ask(store, {"do": "ping"}, seconds=0.1)
