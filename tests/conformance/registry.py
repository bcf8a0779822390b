"""A module registry on loopback that serves the repository as the Terraform Registry does: what a tag holds.

The Registry answers a download with the address of the tag in git. This one answers with a tarball by `git archive`, so
what is not committed, or not exported, is not there.
"""

import json
import subprocess
import tarfile
import threading
import tomllib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from testbench.paths import PROJECT
from testbench.terraform import terraform_environment

HOST = "modules.example.test"
ADDRESS = f"{HOST}/acme/event-fork-pipelines/aws"
REPOSITORY = "terraform-aws-event-fork-pipelines"
"""The Registry publishes a repository terraform-<PROVIDER>-<NAME>."""

_NO_HEADERS: Mapping[str, str] = {}


def version() -> str:
    """The version that pyproject.toml names, which the next tag has too."""
    number: str = tomllib.loads((PROJECT / "pyproject.toml").read_text())["project"]["version"]
    return number


def pack(target: Path) -> Path:
    """The tarball of the committed repository in the folder `target`."""
    file = target / "tarball.tar.gz"
    subprocess.run(["git", "archive", "--format=tar.gz", f"--output={file}", "HEAD"], cwd=PROJECT, check=True)
    return file


def unpack(file: Path, target: Path) -> Path:
    """The repository of a tarball, below `target`."""
    folder = target / REPOSITORY
    with tarfile.open(file) as packed:
        packed.extractall(folder, filter="data")
    return folder


@contextmanager
def serving(tarball: Path) -> Iterator[str]:
    """The address of a registry with that one module at that one version."""
    body = tarball.read_bytes()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            here = f"http://{self.headers['Host']}"
            module = f"/v1/modules/{ADDRESS.partition('/')[2]}"
            path = self.path.partition("?")[0]
            if path == f"{module}/versions":
                self._answer(json.dumps({"modules": [{"versions": [{"version": version()}]}]}).encode())
            elif path == f"{module}/{version()}/download":
                self._answer(b"", 204, {"X-Terraform-Get": f"{here}/tarball.tar.gz?archive=tar.gz"})
            elif path == "/tarball.tar.gz":
                self._answer(body, 200, {"Content-Type": "application/gzip"})
            else:
                self._answer(b"", 404)

        def do_HEAD(self) -> None:
            self.do_GET()

        def _answer(self, content: bytes, status: int = 200, headers: Mapping[str, str] = _NO_HEADERS) -> None:
            self.send_response(status)
            for name, value in {"Content-Type": "application/json", **headers}.items():
                self.send_header(name, value)
            if status != 204:
                self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:  # noqa: A002
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}/v1/modules/"
    finally:
        server.shutdown()
        server.server_close()


def cli_configuration(folder: Path, registry: str) -> dict[str, str]:
    """The environment of a terraform that knows the registry; providers come from where they come from otherwise."""
    current = terraform_environment().get("TF_CLI_CONFIG_FILE")
    text = Path(current).read_text() if current else ""
    file = folder / "registry.tfrc"
    file.write_text(text + f'\nhost "{HOST}" {{\n  services = {{ "modules.v1" = "{registry}" }}\n}}\n')
    return {"TF_CLI_CONFIG_FILE": str(file)}
