"""An external nnInteractive server, where the operator named one: scribbles go there, a mask comes back.

Nothing of nnInteractive is part of this product, and its weights are not for commercial use. Spoken is the protocol of
the server of SlicerNNInteractive (``nninteractive-slicer-server``, one reader at a time): ``POST /upload_image``,
``/upload_segment`` and ``/add_scribble_interaction``, arrays as .npy files, the answer as one bit a voxel.
"""

import gzip
import io
import json
import secrets
import urllib.request
import zlib
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import numpy.typing as npt

from activedints.core.errors import InvalidFile, InvalidSettings, NotFound

Labels = npt.NDArray[np.uint8]
SECONDS = 30.0
"""How long the server may take for one request."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A configured address is the only one that sees patient data."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


OPENER = urllib.request.build_opener(_NoRedirect, urllib.request.ProxyHandler({}))


def check_url(url: str) -> str:
    """The address without its last slash; InvalidSettings unless it is http or https with a host."""
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname or parts.query:
        raise InvalidSettings(f"The nnInteractive server is named by an address like http://host:1527, not by '{url}'.")
    return url.rstrip("/")


def prompt(
    url: str, image: npt.NDArray[np.floating[Any]], mask: Labels, scribble: Labels, positive: bool
) -> npt.NDArray[np.bool_]:
    """The server's mask (x, y, z) after a scribble, starting from ``mask``; ``positive`` False takes away.

    ``image`` is one channel (x, y, z): nnInteractive knows no more. All three are sent anew, since the server keeps
    one image for everybody. NotFound in one sentence where it does not answer, InvalidFile for an answer that is none.
    """
    where = check_url(url)
    _post(where, "upload_image", _npy(image.astype(np.float32)), {})
    _post(where, "upload_segment", gzip.compress(_npy((mask > 0).astype(np.uint8)), 1), {})
    packed = gzip.compress(_npy((scribble > 0).astype(np.uint8)), 1)
    answer = _post(where, "add_scribble_interaction", packed, {"positive_click": "true" if positive else "false"})
    bits = _unpacked(answer, (image.size + 7) // 8)
    return np.unpackbits(bits, count=image.size).reshape(image.shape).astype(bool)


def _npy(array: npt.NDArray[Any]) -> bytes:
    file = io.BytesIO()
    np.save(file, np.ascontiguousarray(array), allow_pickle=False)
    return file.getvalue()


def _post(url: str, path: str, content: bytes, fields: dict[str, str]) -> bytes:
    """One multipart form with a file; the body of the answer."""
    boundary = secrets.token_hex(16)
    parts = [
        f'--{boundary}\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{value}\r\n'.encode()
        for name, value in fields.items()
    ]
    head = f'--{boundary}\r\nContent-Disposition: form-data; name="file"; filename="array.npy"\r\n'
    parts += [head.encode(), b"Content-Type: application/octet-stream\r\n\r\n", content, b"\r\n"]
    body = b"".join([*parts, f"--{boundary}--\r\n".encode()])
    headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
    request = urllib.request.Request(f"{url}/{path}", data=body, headers=headers, method="POST")
    try:
        with OPENER.open(request, timeout=SECONDS) as reply:
            answer: bytes = reply.read(64 << 20)
    except (OSError, HTTPException) as fault:
        raise NotFound(f"The nnInteractive server at {url} does not answer ({fault}): is it running?") from None
    if answer.startswith(b"{") and json.loads(answer).get("status") == "error":
        raise NotFound(f"The nnInteractive server refused: {json.loads(answer).get('message', 'no reason')}.")
    return answer


def _unpacked(answer: bytes, expected: int) -> npt.NDArray[np.uint8]:
    """The packed bits of an answer, gzipped or not; nothing beyond ``expected`` bytes is inflated."""
    try:
        raw = zlib.decompressobj(wbits=31).decompress(answer, expected + 1) if answer[:2] == b"\x1f\x8b" else answer
    except zlib.error:
        raw = b""
    if len(raw) != expected:
        raise InvalidFile("The nnInteractive server answered with something other than a mask of this case.")
    return np.frombuffer(raw, np.uint8)
