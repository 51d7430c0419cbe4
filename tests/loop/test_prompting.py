"""The external nnInteractive server, played by a small one that speaks its protocol and remembers what it was sent."""

import email
import gzip
import io
import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import numpy as np
import pytest

from activedints.core.errors import IllegalChange, InvalidFile, InvalidSettings, NotFound
from activedints.loop import assisting, reading, worklist
from activedints.loop.prompting import check_url, prompt
from tests.ui import workspaces
from tests.ui.workspaces import SHAPE


class Server(BaseHTTPRequestHandler):
    """Adds the scribble, grown by one voxel along x, to the segment (or takes it away)."""

    seen: ClassVar[dict] = {}
    fault = ""

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        form = email.message_from_bytes(b"Content-Type: " + self.headers["Content-Type"].encode() + b"\r\n\r\n" + body)
        parts = {part.get_param("name", header="Content-Disposition"): part for part in form.get_payload()}
        file = parts["file"].get_payload(decode=True)
        if self.path != "/upload_image":
            file = gzip.decompress(file)
        self.seen[self.path] = np.load(io.BytesIO(file), allow_pickle=False)
        reply, encoding = json.dumps({"status": "ok"}).encode(), None
        if self.path == "/add_scribble_interaction":
            positive = parts["positive_click"].get_payload() == "true"
            scribble = self.seen[self.path] > 0
            scribble[1:] |= scribble[:-1]
            segment = self.seen["/upload_segment"] > 0
            reply, encoding = (
                gzip.compress(np.packbits(segment | scribble if positive else segment & ~scribble)),
                "gzip",
            )
        if self.fault == "error":
            reply, encoding = json.dumps({"status": "error", "message": "No image uploaded"}).encode(), None
        elif self.fault == "redirect":
            self.send_response(302)
            self.send_header("Location", "http://127.0.0.1:9/elsewhere")
            self.end_headers()
            return
        elif self.fault == "short" and encoding:
            reply = gzip.compress(b"x")
        self.send_response(200)
        if encoding:
            self.send_header("Content-Encoding", encoding)
        self.end_headers()
        self.wfile.write(reply)

    def log_message(self, *_):
        pass


@pytest.fixture
def server():
    Server.seen, Server.fault = {}, ""
    with ThreadingHTTPServer(("127.0.0.1", 0), Server) as served:
        thread = threading.Thread(target=served.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{served.server_address[1]}/"
        served.shutdown()
        thread.join()


def scene():
    image = np.random.default_rng(0).normal(size=SHAPE)
    mask, scribble = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    mask[2:5, 3, 3] = 1
    scribble[4:6, 3, 3] = 1
    return image, mask, scribble


def test_a_scribble_goes_there_and_a_mask_comes_back(server):
    image, mask, scribble = scene()
    added = prompt(server, image, mask, scribble, positive=True)
    np.testing.assert_array_equal(np.argwhere(added)[:, 0], [2, 3, 4, 5, 6])
    np.testing.assert_allclose(Server.seen["/upload_image"], image, rtol=1e-6)
    np.testing.assert_array_equal(Server.seen["/upload_segment"], mask)
    taken = prompt(server, image, mask, scribble, positive=False)
    np.testing.assert_array_equal(np.argwhere(taken)[:, 0], [2, 3])


@pytest.mark.parametrize(
    ("fault", "error", "words"),
    [
        ("error", NotFound, "refused: No image uploaded"),
        ("redirect", NotFound, "does not answer"),
        ("short", InvalidFile, "other than a mask"),
    ],
)
def test_every_other_answer_is_one_sentence(server, fault, error, words):
    Server.fault = fault
    with pytest.raises(error, match=words):
        prompt(server, *scene(), positive=True)


@pytest.mark.parametrize("url", ["", "file:///etc/passwd", "ftp://host/", "http://", "http://host/?q=1"])
def test_only_a_web_address_is_taken(url):
    with pytest.raises(InvalidSettings, match="an address like"):
        check_url(url)


def test_no_server_is_one_sentence():
    with pytest.raises(NotFound, match="does not answer"):
        prompt("http://127.0.0.1:9", *scene(), positive=True)


def test_an_answer_changes_the_scribbles_label_and_no_other(server, tmp_path):
    store = workspaces.filled(tmp_path)
    reading.simulate_reader(store)
    workspaces.turn(store)
    case = reading.open_case(store, worklist.next_case(store, "ada"), "ada")
    label, scribble = np.zeros(SHAPE, np.uint8), np.zeros(SHAPE, np.uint8)
    label[2:5, 3, 3], label[6:9, 3, 3] = 1, 2
    scribble[4:6, 3, 3] = 1
    after = assisting.prompt(store, case, server, "FLAIR", label, scribble, 1)
    assert after[:, 3, 3].tolist() == [0, 0, 1, 1, 1, 1, 1, 2, 2, 0, 0, 0, 0, 0]
    away = assisting.prompt(store, case, server, "FLAIR", label, scribble, 0)  # background over label 1
    assert away[:, 3, 3].tolist() == [0, 0, 1, 1, 0, 0, 2, 2, 2, 0, 0, 0, 0, 0]
    with pytest.raises(NotFound, match="no channel 'T9'"):
        assisting.prompt(store, case, server, "T9", label, scribble, 1)
    with store.read() as session:
        from activedints.store import cases

        fixed = reading.preview(store, cases.members(session, 1, "holdout")[0].id, "ada")
    with pytest.raises(IllegalChange, match="without the model's opinion"):
        assisting.prompt(store, fixed, server, "FLAIR", label, scribble, 1)
    store.engine.dispose()
