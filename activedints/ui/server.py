"""The web server: Streamlit's app plus one guarded route that hands volumes to the viewer.

A volume's address holds a random token that only the page of the session that registered it has seen; it opens one
file, for ten minutes after the page last asked for it. Under plain ``streamlit run app.py`` there is no such route,
and volumes travel through Streamlit's media manager instead (compressed files only: its ids of large files hash a
few parts, and only a gzip trailer is sure to differ between two scans).
"""

import ipaddress
import secrets
import threading
import time
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import streamlit as st
from starlette.requests import Request
from starlette.responses import FileResponse, PlainTextResponse, Response
from starlette.routing import Route
from streamlit import config, runtime
from streamlit.runtime.scriptrunner import get_script_run_ctx

from activedints.core.errors import ActiveDintsError, InvalidSettings

LIFETIME = 600.0
"""Seconds that an address stays good after the page last asked for it."""
CONFIG = Path(__file__).parents[2] / ".streamlit" / "config.toml"
"""The product's options, whichever script is served: the browser tests serve one of their own."""


@dataclass
class _Entry:
    token: str
    make: Callable[[], Path]
    expires: float


@dataclass
class VolumeDoor:
    """Files that sessions have registered, by random token. ``now`` is the clock, in seconds."""

    now: Callable[[], float] = time.monotonic
    is_open: bool = False
    _entries: dict[tuple[str, str], _Entry] = field(default_factory=dict)
    _tokens: dict[str, _Entry] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def register(self, session: str, name: str, make: Callable[[], Path]) -> str:
        """The token of a file for one session: the same one again, with a new lifetime, while it is good.

        ``name`` says what the file is (a path and its purpose), ``make`` returns it, and runs when it is fetched.
        """
        with self._lock:
            for key in [key for key, entry in self._entries.items() if entry.expires < self.now()]:
                del self._tokens[self._entries.pop(key).token]
            entry = self._entries.get((session, name))
            if entry is None:
                entry = _Entry(secrets.token_urlsafe(24), make, 0.0)
                self._entries[session, name] = self._tokens[entry.token] = entry
            entry.make, entry.expires = make, self.now() + LIFETIME
            return entry.token

    def file(self, token: str) -> Path | None:
        """The file behind a token; None for one that is unknown or too old."""
        with self._lock:
            entry = self._tokens.get(token)
        return entry.make() if entry is not None and entry.expires >= self.now() else None


DOOR = VolumeDoor()


def volume_url(name: str, make: Callable[[], Path]) -> str:
    """An address of a ``.nii.gz`` file for the running session. Call it on every run of the page: that renews it."""
    context = get_script_run_ctx()
    if context is None:
        raise InvalidSettings("Volumes have an address only inside a running page; open the app in a browser.")
    if DOOR.is_open:
        return f"/volumes/{DOOR.register(context.session_id, name, make)}.nii.gz"
    path = make()
    return runtime.get_instance().media_file_mgr.add(path.read_bytes(), "application/gzip", f"volume-{name}")


def send_volume(request: Request) -> Response:
    """GET /volumes/TOKEN.nii.gz. Runs in a thread, since a first request may convert the file."""
    try:
        path = DOOR.file(request.path_params["token"])
    except ActiveDintsError as error:
        return PlainTextResponse(str(error), status_code=422)
    if path is None or not path.exists():
        return PlainTextResponse("This address is unknown or too old; reload the page.", status_code=404)
    return FileResponse(
        path,
        media_type="application/gzip",
        headers={"Cache-Control": f"private, max-age={LIFETIME:.0f}", "X-Content-Type-Options": "nosniff"},
    )


def app(script: Path) -> st.App:
    """The ASGI app: ``script`` (app.py) and the volume route."""
    DOOR.is_open = True
    return st.App(script, routes=[Route("/volumes/{token}.nii.gz", send_volume, methods=["GET"])])


def run(script: Path, address: str = "127.0.0.1", port: int = 8501, headless: bool = True) -> None:
    """Serve until stopped. Refuses an address that others can reach unless sign-in is configured."""
    chosen = {
        **options(CONFIG),
        "server.address": address,
        "server.port": port,
        "server.headless": headless,
    }
    if not _is_loopback(address):  # the secrets are read for others alone, for to read them is to read options
        check_address(address, sign_in_configured())
    config.get_config_options(options_from_flags=chosen)  # before anything reads an option: Streamlit warns of a change
    app(script).run(config=chosen)


def options(file: Path) -> dict[str, Any]:
    """A Streamlit config file as ``section.key`` -> value. Streamlit itself looks for it in the current folder only,
    and the app must be the same wherever it is started."""

    def flat(prefix: str, table: dict[str, Any]) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for name, value in table.items():
            found |= flat(f"{prefix}{name}.", value) if isinstance(value, dict) else {prefix + name: value}
        return found

    return flat("", tomllib.loads(file.read_text()))


def check_address(address: str | None, sign_in: bool) -> None:
    """Raise InvalidSettings unless only this machine can reach ``address`` (None: every interface), or one signs in."""
    if not (sign_in or _is_loopback(address)):
        raise InvalidSettings(
            f"The server may listen on {address or 'all interfaces'} only with sign-in, or the network could see "
            "patient images: configure [auth] in .streamlit/secrets.toml, or serve on 127.0.0.1."
        )


def check_running_address() -> None:
    """The same rule for a server that Streamlit started itself (``streamlit run app.py``)."""
    check_address(config.get_option("server.address"), sign_in_configured())


def sign_in_configured() -> bool:
    """Whether Streamlit's own sign-in (OpenID Connect) has its ``[auth]`` section in the secrets."""
    return bool(st.secrets.load_if_toml_exists()) and "auth" in st.secrets


def _is_loopback(address: str | None) -> bool:
    if address == "localhost":
        return True
    try:
        return address is not None and ipaddress.ip_address(address.strip("[]")).is_loopback
    except ValueError:
        return False
