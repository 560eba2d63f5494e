"""A package index on this machine for real uv and pip: slow, refusing, or with a certificate of nobody."""

from __future__ import annotations

import hashlib
import http.server
import os
import ssl
import threading
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http import HTTPStatus
from pathlib import Path
from typing import Any

_CHUNK = 1 << 15


class LocalIndex:
    """Serves wheels at so many bytes a second for each connection, and counts what it has sent of them.

    Attributes:
        url: of the index.
        sent: bytes of each wheel's last download, by its file's name.
    """

    def __init__(self, wheels: list[Path], speed: float, status: HTTPStatus = HTTPStatus.OK) -> None:
        self._wheels = {wheel.name: wheel for wheel in wheels}
        self._speed = speed
        self._status = status
        self.sent: dict[str, int] = {}
        self.url = ""

    def answer(self, handler: http.server.BaseHTTPRequestHandler) -> None:
        name = handler.path.rstrip("/").rpartition("/")[2]
        if self._status is not HTTPStatus.OK:
            handler.send_response(self._status)
            handler.send_header("Proxy-Authenticate", 'Basic realm="test"')
            handler.send_header("Content-Length", "0")
            handler.end_headers()
        elif name in self._wheels:
            self._send_wheel(handler, name)
        else:
            self._send_page(handler, name)

    def _send_page(self, handler: http.server.BaseHTTPRequestHandler, package: str) -> None:
        page = "".join(
            f'<a href="/files/{name}#sha256={hashlib.sha256(wheel.read_bytes()).hexdigest()}">{name}</a>'
            for name, wheel in self._wheels.items()
            if name.split("-")[0].replace("_", "-") == package
        ).encode()
        handler.send_response(HTTPStatus.OK if page else HTTPStatus.NOT_FOUND)
        handler.send_header("Content-Type", "text/html")
        handler.send_header("Content-Length", str(len(page)))
        handler.end_headers()
        handler.wfile.write(page)

    def _send_wheel(self, handler: http.server.BaseHTTPRequestHandler, name: str) -> None:
        content = self._wheels[name].read_bytes()
        # Ranges are not served: uv reads the metadata from the whole file then.
        handler.send_response(HTTPStatus.OK)
        handler.send_header("Content-Length", str(len(content)))
        handler.end_headers()
        if handler.command == "HEAD":
            return
        self.sent[name] = 0
        for place in range(0, len(content), _CHUNK):
            handler.wfile.write(content[place : place + _CHUNK])
            self.sent[name] = min(len(content), place + _CHUNK)
            time.sleep(_CHUNK / self._speed)


@contextmanager
def served(index: LocalIndex, certificate: tuple[Path, Path] | None = None) -> Iterator[LocalIndex]:
    """Serves an index, over TLS where there is a certificate with its key."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *_: Any) -> None:
            """Nothing into the test's output."""

        def handle(self) -> None:
            """A client that goes away is no fault here."""
            try:
                super().handle()
            except (ConnectionError, ssl.SSLError):
                self.close_connection = True

        def do_GET(self) -> None:
            """A page or a wheel."""
            index.answer(self)

        do_HEAD = do_CONNECT = do_GET  # noqa: N815 - http.server's names

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate)
        server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    scheme = "http" if certificate is None else "https"
    index.url = f"{scheme}://127.0.0.1:{server.server_port}/simple"
    try:
        yield index
    finally:
        server.shutdown()
        server.server_close()


def without_network_settings(values: Mapping[str, str], cache: Path) -> dict[str, str]:
    """These variables without any configuration of an index, a proxy or a certificate."""
    ours = ("PIP_", "UV_", "SSL_", "REQUESTS_CA", "CURL_CA")
    kept = {
        name: value
        for name, value in values.items()
        if not name.startswith(ours) and not name.lower().endswith("_proxy")
    }
    ours_instead = {"UV_CACHE_DIR": str(cache), "UV_HTTP_RETRIES": "0", "PIP_CONFIG_FILE": os.devnull}
    return kept | ours_instead | {"NO_COLOR": "1"}
