"""The volume route opens what a session registered, for a while, and nothing else."""

import asyncio
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Route
from streamlit import config

from activedints.core.errors import InvalidFile, InvalidSettings
from activedints.ui import server


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def door(monkeypatch):
    door = server.VolumeDoor(now=Clock())
    monkeypatch.setattr(server, "DOOR", door)
    return door


def get(path: str) -> httpx.Response:
    app = Starlette(routes=[Route("/volumes/{token}.nii.gz", server.send_volume)])

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://here") as client:
            return await client.get(path)

    return asyncio.run(ask())


def test_a_registered_file_is_sent_privately(door, tmp_path):
    file = tmp_path / "a.nii.gz"
    file.write_bytes(b"\x1f\x8bbytes")
    answer = get(f"/volumes/{door.register('me', 'a', lambda: file)}.nii.gz")
    assert (answer.status_code, answer.content) == (200, b"\x1f\x8bbytes")
    assert answer.headers["content-type"] == "application/gzip"
    assert answer.headers["cache-control"].startswith("private")
    assert "content-encoding" not in answer.headers


def test_nothing_else_is(door, tmp_path):
    assert get("/volumes/guess.nii.gz").status_code == 404
    assert get("/volumes/..%2f..%2fetc%2fpasswd.nii.gz").status_code == 404
    assert get(f"/volumes/{door.register('me', 'gone', lambda: tmp_path / 'none')}.nii.gz").status_code == 404

    def broken():
        raise InvalidFile("a.nii.gz cannot be read.")

    answer = get(f"/volumes/{door.register('me', 'broken', broken)}.nii.gz")
    assert (answer.status_code, answer.text) == (422, "a.nii.gz cannot be read.")


def test_an_address_lives_ten_minutes_after_it_was_last_asked_for(door, tmp_path):
    token = door.register("me", "a", lambda: tmp_path)
    door.now.now = 500
    assert door.register("me", "a", lambda: tmp_path) == token
    door.now.now = 1100
    assert door.file(token) == tmp_path
    door.now.now = 1101
    assert door.file(token) is None
    assert door.register("me", "a", lambda: tmp_path) != token
    assert len(door._tokens) == len(door._entries) == 1


def test_sessions_share_no_address(door, tmp_path):
    assert door.register("me", "a", lambda: tmp_path) != door.register("you", "a", lambda: tmp_path)


@pytest.mark.parametrize("address", ["127.0.0.1", "localhost", "::1", "[::1]", "127.3.2.1"])
def test_this_machine_alone_needs_no_sign_in(address):
    server.check_address(address, sign_in=False)


@pytest.mark.parametrize("address", [None, "", "0.0.0.0", "::", "10.0.0.5", "hospital.example"])
def test_others_need_one(address):
    with pytest.raises(InvalidSettings, match="only with sign-in"):
        server.check_address(address, sign_in=False)
    server.check_address(address, sign_in=True)


def test_a_refused_address_changes_no_option(monkeypatch):
    monkeypatch.setattr(server, "sign_in_configured", lambda: False)
    before = config.get_option("server.address")
    with pytest.raises(InvalidSettings, match="only with sign-in"):
        server.run(Path("app.py"), "0.0.0.0")
    assert config.get_option("server.address") == before


def test_every_option_of_the_config_file_holds_wherever_the_app_is_started(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(config, "_config_options", None)
    given = {}
    monkeypatch.setattr(server.st.App, "run", lambda app, config: given.update(config))
    server.run(Path(__file__).parents[2] / "app.py", port=8599)
    assert (given["server.port"], given["theme.base"], given["theme.sidebar.backgroundColor"]) == (
        8599,
        "dark",
        "#0F1216",
    )
    for name, value in {
        "client.showSidebarNavigation": False,
        "client.showErrorDetails": "type",
        "client.toolbarMode": "minimal",
        "server.fileWatcherType": "none",
        "browser.gatherUsageStats": False,
    }.items():
        assert given[name] == config.get_option(name) == value, name
