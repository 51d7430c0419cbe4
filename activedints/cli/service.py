"""Verbs that start something: app, worker, demo."""

import fcntl
import os
import shutil
import signal
import socket
import subprocess
import sys
import time
import webbrowser
from pathlib import Path
from typing import Annotated
from urllib.request import urlopen

import typer

from activedints.cli.root import WorkspaceOption, app, open_store, progress_bar, say, workspace_folder
from activedints.core.errors import InvalidSettings, NotFound, WorkspaceBusy
from activedints.core.settings import MOST_CASES, MOST_PROCESSES
from activedints.store.database import Store

ENTRY = Path(__file__).parents[2] / "app.py"
PortOption = Annotated[int, typer.Option(min=1, max=65535)]


@app.command()
def worker(
    device: Annotated[str, typer.Option(help="auto, cpu or cuda:N.")] = "auto",
    children: Annotated[int, typer.Option(min=1, max=MOST_PROCESSES, help="Jobs at a time.")] = 1,
    once: Annotated[bool, typer.Option("--once", help="Run what is queued, then exit.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Run the worker service of a workspace: it trains, scores and answers until interrupted."""
    from activedints.worker.runner import Worker

    if device != "auto":  # checked before the start; `auto` need not load torch for that
        from activedints.worker.here import pick_device

        pick_device(device)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    try:
        Worker(open_store(workspace, make=True), device, children).serve(once)
    except KeyboardInterrupt:
        say("The worker stopped; unfinished jobs resume with the next one.")


@app.command("app")
def app_(
    port: PortOption = 8501,
    host: Annotated[str, typer.Option(help="Address to listen at; other than loopback needs sign-in.")] = "127.0.0.1",
    workspace: WorkspaceOption = None,
) -> None:
    """Run the web app."""
    from activedints.ui import server

    if not ENTRY.is_file():
        raise NotFound(f"The app's entry {ENTRY} is missing: run from a checkout of the project.")
    _need_port(port, host)
    os.environ["ACTIVEDINTS_WORKSPACE"] = str(workspace_folder(workspace).resolve())  # pages are scripts of their own
    server.run(ENTRY, host, port)


@app.command()
def demo(
    cases: Annotated[int, typer.Option(min=8, max=MOST_CASES, help="Simulated cases in a new demo workspace.")] = 24,
    port: PortOption = 8501,
    no_browser: Annotated[bool, typer.Option("--no-browser", help="Do not open a browser window.")] = False,
    reset: Annotated[bool, typer.Option("--reset", help="Throw the demo workspace away and start anew.")] = False,
    workspace: WorkspaceOption = None,
) -> None:
    """Make a workspace of simulated cases if there is none, start worker and app, and open the browser."""
    folder = workspace_folder(workspace)
    _need_port(port)
    if reset:
        _reset(folder)
    store = open_store(workspace, make=True)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))  # so that app and worker end too
    ourselves = [sys.executable, "-m", "activedints"]
    serving = [
        subprocess.Popen([*ourselves, "app", "--port", str(port), "--workspace", str(folder)]),
        subprocess.Popen([*ourselves, "worker", "--workspace", str(folder)]),
    ]
    try:
        if not _has_cases(folder):
            from activedints.worker.simulating import simulate_into

            fixed = str(max(2, cases // 6))
            with progress_bar() as report:
                simulate_into(store, cases, report, holdout=fixed, calibration=fixed)
        address = f"http://127.0.0.1:{port}"
        _wait_until_up(address, serving)
        say(f"Active-DiNTS runs at {address} with simulated cases in {folder}; Ctrl+C stops it.")
        if not no_browser:
            webbrowser.open(address)
        _wait_for_any(serving)
    except KeyboardInterrupt:
        say("Stopped. `activedints demo` goes on where you were.")
    finally:
        for process in serving:
            process.terminate()
        for process in serving:
            process.wait()


def _need_port(port: int, host: str = "127.0.0.1") -> None:
    """Refuse a port that another program holds, before anything is started or written."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as fault:
            raise InvalidSettings(
                f"Port {port} at {host} cannot be used ({fault}); choose another with --port or --host."
            ) from None


def _reset(folder: Path) -> None:
    """Delete a workspace, and nothing that is not one."""
    if folder.exists() and any(folder.iterdir()) and not Store.is_in(folder):
        raise InvalidSettings(f"{folder} is not a workspace of ours, so --reset leaves it alone; name another folder.")
    if folder.exists() and any(folder.iterdir()):
        _refuse_served(folder)
    shutil.rmtree(folder, ignore_errors=True)


def _refuse_served(folder: Path) -> None:
    """WorkspaceBusy where a worker service works in the folder that is to be thrown away."""
    with (folder / "worker.lock").open("a+") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise WorkspaceBusy(
                f"A worker service works in {folder}, so --reset leaves it alone: stop it first, or name another one."
            ) from None


def _has_cases(folder: Path) -> bool:
    from activedints.loop.views import case_table

    return bool(case_table(Store.open(folder)))


def _wait_until_up(address: str, serving: list[subprocess.Popen[bytes]], seconds: float = 60) -> None:
    until = time.monotonic() + seconds
    while time.monotonic() < until and all(p.poll() is None for p in serving):
        try:
            urlopen(f"{address}/_stcore/health", timeout=1).close()
            return
        except OSError:
            time.sleep(0.2)
    raise NotFound(f"The app did not come up at {address}; is the port taken? Choose another with --port.")


def _wait_for_any(serving: list[subprocess.Popen[bytes]]) -> None:
    while all(process.poll() is None for process in serving):
        time.sleep(0.5)
