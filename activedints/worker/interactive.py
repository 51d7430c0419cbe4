"""The warm child of the interactive lane: ``python -m activedints.worker.interactive WORKSPACE DEVICE PARENT``."""

import hmac
import json
import os
import secrets
import socketserver
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from activedints.core.errors import ActiveDintsError, NotFound
from activedints.loop import experiments, turns
from activedints.loop.asking import ADDRESS_FILE
from activedints.store import cases, cycles
from activedints.store.database import Store
from activedints.worker import ranking
from activedints.worker.assisting import Warm, another_map, predicted, prepare, refined
from activedints.worker.child import die_with_parent
from activedints.worker.gather import Turn
from activedints.worker.measuring import predict_case

LONGEST_QUESTION = 8 << 20

Tell = Callable[[dict[str, Any]], None]
"""How an answer speaks before it is complete."""


def draft(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """Predict one case with the newest model now, so that it opens with a draft before the pool is scored."""
    with store.read() as session:
        experiment = experiments.active(session)
        row = cycles.newest_model(session, experiment.id)
        if row is None:
            raise NotFound("There is no trained model yet, so there is no draft; annotate from an empty label map.")
        case = cases.case(session, int(question["case"]))
        done = cycles.prediction(session, row.id, case.id) is not None
        cycle = cycles.current(session, experiment.id)
        turn = Turn(experiment, cycle, turns.settings_of(experiment, cycle))
    began = time.monotonic()
    if not done:
        predict_case(store, turn, row.id, case, [warm.newest(row.file)])
    return {"seconds": time.monotonic() - began, "model": row.id}


def ping(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    return {"pid": os.getpid()}


def few_shot(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What the few-shot page asks; the lane reads the study's modules when it is asked first."""
    from activedints.worker.few_shot import answer_page

    return answer_page(store, question, tell)


def advisor(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What the Data-set advisor and the Search algorithms page ask; their modules are read when asked first."""
    from activedints.worker.advising import answer_page

    return answer_page(store, warm, question, tell)


def estimate(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """What a search of each space would cost on this machine; its speed is timed once."""
    from activedints.learn import plan

    return {"rows": plan.affordable(question["channels"], question["classes"], question["seconds"], warm.device)}


def read_uploaded(store: Store, warm: Warm, question: dict[str, Any], tell: Tell) -> dict[str, Any]:
    """The architecture in an uploaded torch file, read by the reader that can make nothing but numbers."""
    from activedints.learn.published import read_uploaded_code

    return {"architecture": read_uploaded_code(question["name"], question["content"], store.folder).to_json()}


ANSWERS = {
    "ping": ping,
    "estimate": estimate,
    "read published": read_uploaded,
    "draft": draft,
    "few-shot": few_shot,
    "advisor": advisor,
    "prepare": prepare,
    "refine": refined,
    "predict": predicted,
    "map": another_map,
    **ranking.ANSWERS,
}


def unheard(news: dict[str, Any]) -> None:
    """A Tell that nobody listens to."""


def answer(store: Store, warm: Warm, secret: str, line: bytes, tell: Tell = unheard) -> dict[str, Any]:
    """The answer to one line; every failure is one sentence under 'error'. ``tell`` gets news on the way to it."""
    try:
        question = json.loads(line)
        if not hmac.compare_digest(str(question.pop("secret", "")), secret):
            return {"error": "This question does not carry the workspace's secret."}
        return ANSWERS[question.pop("do")](store, warm, question, tell)
    except ActiveDintsError as fault:
        return {"error": str(fault)}
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        return {"error": f"The interactive lane does not understand this question ({type(fault).__name__}: {fault})."}


def serve(folder: Path, device: str) -> None:
    """Answer one question at a time until killed."""
    store, secret = Store.open(folder), secrets.token_urlsafe(32)
    warm = Warm(store, device)

    class Line(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            reply = answer(store, warm, secret, self.rfile.readline(LONGEST_QUESTION), self.tell)
            self.wfile.write(json.dumps(reply).encode() + b"\n")

        def tell(self, news: dict[str, Any]) -> None:
            self.wfile.write(json.dumps({"news": news}).encode() + b"\n")

    with socketserver.TCPServer(("127.0.0.1", 0), Line) as server:
        _announce(folder / ADDRESS_FILE, {"port": server.server_address[1], "secret": secret, "pid": os.getpid()})
        server.serve_forever()


def _announce(path: Path, facts: dict[str, Any]) -> None:
    partial = path.with_suffix(".partial")
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(facts))
    partial.replace(path)


if __name__ == "__main__":
    die_with_parent(int(sys.argv[3]))
    serve(Path(sys.argv[1]), sys.argv[2])
