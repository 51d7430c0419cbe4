"""Questions to the interactive lane: loopback TCP, one line of JSON each way."""

import json
import socket
from typing import Any

from activedints.core.errors import ActiveDintsError, NotFound
from activedints.store.database import Store

ADDRESS_FILE = "interactive.json"
LONGEST_ANSWER = 64 << 20


def ask(store: Store, question: dict[str, Any], seconds: float = 30.0) -> dict[str, Any]:
    """The answer of the warm child, or NotFound if no worker runs, or the sentence that it failed with."""
    address = store.folder / ADDRESS_FILE
    try:
        where = json.loads(address.read_text())
        with socket.create_connection(("127.0.0.1", where["port"]), timeout=seconds) as line:
            line.sendall(json.dumps({**question, "secret": where["secret"]}).encode() + b"\n")
            with line.makefile("rb") as answers:
                answer: dict[str, Any] = json.loads(answers.readline(LONGEST_ANSWER))
    except (OSError, ValueError) as fault:
        raise NotFound(f"No worker answers ({fault}); start one with `activedints worker`.") from None
    if "error" in answer:
        raise ActiveDintsError(answer["error"])
    return answer
