"""Questions to the interactive lane: loopback TCP, one line of JSON each way, and lines of news in between."""

import json
import socket
from collections.abc import Callable
from typing import Any

from activedints.core.errors import ActiveDintsError, NotFound
from activedints.loop.standing import worker_command
from activedints.store import jobs
from activedints.store.database import Store

ADDRESS_FILE = "interactive.json"
LONGEST_ANSWER = 64 << 20


def is_ready(store: Store) -> bool:
    """Whether the warm child has said where it listens; it starts with the worker and takes some seconds."""
    return (store.folder / ADDRESS_FILE).is_file()


News = Callable[[dict[str, Any]], None]


def ask(store: Store, question: dict[str, Any], seconds: float = 30.0, hear: News | None = None) -> dict[str, Any]:
    """The answer of the warm child, or NotFound if no worker runs, or the sentence that it failed with.

    What the child tells while it works (lines of the form ``{"news": {...}}``) is handed to ``hear`` at once.
    """
    address = store.folder / ADDRESS_FILE
    try:
        where = json.loads(address.read_text())
        with socket.create_connection(("127.0.0.1", where["port"]), timeout=seconds) as line:
            line.sendall(json.dumps({**question, "secret": where["secret"]}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline(LONGEST_ANSWER))
                while "news" in answer:
                    if hear is not None:
                        hear(answer["news"])
                    answer = json.loads(answers.readline(LONGEST_ANSWER))
    except FileNotFoundError:
        raise NotFound(
            f"No worker answers yet: start one with `{worker_command(store)}`, or wait some seconds until it is warm."
        ) from None
    except (OSError, ValueError) as fault:
        if isinstance(fault, TimeoutError) and _is_served(store):
            raise NotFound(
                f"The worker is busy with another question and gave no answer within {seconds:g} s: try again in a"
                " moment."
            ) from None
        raise NotFound(f"No worker answers ({fault}); start one with `{worker_command(store)}`.") from None
    if "error" in answer:
        raise ActiveDintsError(answer["error"])
    return answer


def _is_served(store: Store) -> bool:
    with store.read() as session:
        return jobs.worker_alive(session) is not None
