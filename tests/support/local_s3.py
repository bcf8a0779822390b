"""ListObjectsV2 and GetObject over HTTP on loopback: enough for processes that cannot share a mock in memory."""

import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, unquote, urlsplit
from xml.sax.saxutils import escape

Bodies = Mapping[str, Callable[[], bytes]]
"""Key -> what makes the object's bytes. The ETag is the key's place, so nothing is made only to be listed."""


@contextmanager
def local_s3(objects: Bodies, sizes: Mapping[str, int]) -> Iterator[str]:
    """Serves the objects in every bucket name; gives the endpoint's URL."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            address = urlsplit(self.path)
            _, _, key = unquote(address.path).lstrip("/").partition("/")
            if not key:
                query = {name: values[0] for name, values in parse_qs(address.query).items()}
                self._answer(200, _listing(objects, sizes, query.get("prefix", ""), query.get("delimiter")))
            elif key not in objects:
                self._answer(404, b"<Error><Code>NoSuchKey</Code><Message>gone</Message></Error>")
            elif self.headers.get("If-Match", _etag(key)) != _etag(key):
                self._answer(412, b"<Error><Code>PreconditionFailed</Code><Message>changed</Message></Error>")
            else:
                self._answer(200, objects[key](), {"ETag": _etag(key)})

        def _answer(self, status: int, body: bytes, headers: Mapping[str, str] | None = None) -> None:
            self.send_response(status)
            for name, value in {**(headers or {}), "Content-Length": str(len(body))}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: object) -> None:
            """Says nothing."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}"
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


def _etag(key: str) -> str:
    return f'"{abs(hash(key)):032x}"'


def _listing(objects: Bodies, sizes: Mapping[str, int], prefix: str, delimiter: str | None) -> bytes:
    found = [key for key in sorted(objects) if key.startswith(prefix)]
    folders = set[str]()
    if delimiter:
        rests = {key: key.removeprefix(prefix) for key in found}
        folders = {prefix + rest.partition(delimiter)[0] + delimiter for rest in rests.values() if delimiter in rest}
        found = [key for key in found if delimiter not in rests[key]]
    common = "".join(
        f"<CommonPrefixes><Prefix>{escape(folder)}</Prefix></CommonPrefixes>" for folder in sorted(folders)
    )
    entries = "".join(
        f"<Contents><Key>{escape(key)}</Key><Size>{sizes[key]}</Size><ETag>{escape(_etag(key))}</ETag>"
        f"<LastModified>2026-11-23T12:00:00.000Z</LastModified></Contents>"
        for key in found
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>'
        '<ListBucketResult xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
        f"<IsTruncated>false</IsTruncated><KeyCount>{len(found)}</KeyCount>{entries}{common}</ListBucketResult>"
    ).encode()
