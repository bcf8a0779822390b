"""A node with OpenSearch's security plugin over TLS, and before it what stands there on AWS: whoever signs is his role.

Fine-grained access control on AWS maps the ARN of the IAM role that signed a request. The plugin itself knows no
signatures, so a front looks up whose access key it is and tells the plugin's proxy authenticator the role's ARN.
"""

import contextlib
import datetime
import hashlib
import http.client
import ipaddress
import ssl
import subprocess
import sys
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from testbench.opensearch import home, maven
from testbench.ports import LOOPBACK
from testbench.progress import quiet

PLUGIN = ("org.opensearch.plugin", "opensearch-security", "2.19.4.0")
SHA256 = "1f673622c462c4171a8c53f9b1ad20e5b839834cb79b0d3b388da180a0e514e8"
UP_WITHIN = 180.0
_SETTINGS = """\
discovery.type: single-node
network.host: 127.0.0.1
cluster.name: secured
node.name: secured
cluster.routing.allocation.disk.threshold_enabled: false
plugins.security.ssl.transport.pemcert_filepath: node.pem
plugins.security.ssl.transport.pemkey_filepath: node.key
plugins.security.ssl.transport.pemtrustedcas_filepath: ca.pem
plugins.security.ssl.transport.enforce_hostname_verification: false
plugins.security.ssl.http.enabled: true
plugins.security.ssl.http.pemcert_filepath: node.pem
plugins.security.ssl.http.pemkey_filepath: node.key
plugins.security.ssl.http.pemtrustedcas_filepath: ca.pem
plugins.security.allow_default_init_securityindex: true
plugins.security.restapi.roles_enabled: ["all_access"]
plugins.security.nodes_dn: ["CN=secured"]
plugins.security.authcz.admin_dn: ["CN=nobody"]
"""
_CONFIG = """\
_meta: {type: config, config_version: 2}
config:
  dynamic:
    http:
      anonymous_auth_enabled: false
      xff: {enabled: true, internalProxies: '127[.]0[.]0[.]1', remoteIpHeader: x-forwarded-for}
    authc:
      signed:
        http_enabled: true
        order: 0
        http_authenticator:
          type: proxy
          challenge: false
          config: {user_header: x-proxy-user, roles_header: x-proxy-roles}
        authentication_backend: {type: noop}
"""
_MAPPING = """\
_meta: {{type: rolesmapping, config_version: 2}}
all_access: {{reserved: false, backend_roles: ["{master}"]}}
"""


@dataclass
class SecurityNode:
    """The running node: its port, and the authority that its certificate is from."""

    port: int
    authority: Path
    log: Path

    def call(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> tuple[int, bytes]:
        """One request over TLS."""
        context = ssl.create_default_context(cafile=str(self.authority))
        connection = http.client.HTTPSConnection(LOOPBACK, self.port, context=context, timeout=60)
        with contextlib.closing(connection):
            connection.request(method, path, body or None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read()


@contextlib.contextmanager
def running(folder: Path, master_role: str, port: int) -> Iterator[SecurityNode]:
    """A node in that folder whose administrator is the role of that ARN."""
    _install(folder, master_role)
    log = folder / "node.log"
    argv = [sys.executable, "-m", "testbench.opensearch.node", str(folder), f"path.data={folder / 'data'}"]
    argv += [f"path.logs={folder / 'logs'}", f"http.port={port}", f"transport.port={port + 1}-{port + 99}"]
    argv += ["node.name=secured"]
    with log.open("wb") as output:
        process = subprocess.Popen(argv, stdout=output, stderr=output)
        try:
            node = SecurityNode(port, folder / "config" / "ca.pem", log)
            _wait_until_up(node, process, master_role)
            yield node
        finally:
            process.terminate()
            process.wait(timeout=60)


def _wait_until_up(node: SecurityNode, process: subprocess.Popen[bytes], master_role: str) -> None:
    end = time.monotonic() + UP_WITHIN
    while time.monotonic() < end and process.poll() is None:
        with contextlib.suppress(OSError, http.client.HTTPException):
            if node.call("GET", "/_cluster/health", b"", as_role(master_role))[0] == 200:
                return
        time.sleep(0.5)
    raise AssertionError(f"the node is not up: {node.log.read_text()[-3000:]}")


def as_role(arn: str) -> dict[str, str]:
    """The headers with which the front says who signed."""
    return {"x-forwarded-for": LOOPBACK, "x-proxy-user": arn, "x-proxy-roles": arn}


class Front(ThreadingHTTPServer):
    """Before the node: looks up the role of the access key that signed; without one the plugin answers 401."""

    def __init__(self, node: SecurityNode, role_of: Callable[[str], str]) -> None:
        super().__init__((LOOPBACK, 0), _Handler)
        self.node, self.role_of = node, role_of

    @property
    def endpoint(self) -> str:
        """Host and port."""
        return f"{LOOPBACK}:{self.server_address[1]}"

    def __enter__(self) -> "Front":
        threading.Thread(target=self.serve_forever, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()


class _Handler(BaseHTTPRequestHandler):
    server: Front
    protocol_version = "HTTP/1.1"

    def _any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        _, _, credential = self.headers.get("Authorization", "").partition("Credential=")
        role = self.server.role_of(credential.partition("/")[0])
        headers = {"Content-Type": self.headers.get("Content-Type", "application/json")} | (
            as_role(role) if role else {}
        )
        status, answer = self.server.node.call(self.command, self.path, body, headers)
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = do_DELETE = _any  # noqa: N815 the names that the base class calls

    def log_message(self, *_: Any) -> None:
        pass


def _install(folder: Path, master_role: str) -> None:
    whole = home.prepare(quiet)
    for part in ("lib", "modules"):
        (folder / part).symlink_to(whole / part)
    plugin = folder / "plugins" / "opensearch-security"
    with zipfile.ZipFile(_downloaded(folder / "download")) as archive:
        archive.extractall(plugin)
    config = folder / "config"
    security = config / "opensearch-security"
    security.mkdir(parents=True)
    for file in (plugin / "config").glob("*.yml"):
        (security / file.name).write_bytes(file.read_bytes())
    (security / "config.yml").write_text(_CONFIG)
    (security / "roles_mapping.yml").write_text(_MAPPING.format(master=master_role))
    (config / "opensearch.yml").write_text(_SETTINGS)
    (config / "log4j2.properties").write_bytes((whole / "config" / "log4j2.properties").read_bytes())
    _write_certificates(config)


def _downloaded(folder: Path) -> Path:
    group, artifact, version = PLUGIN
    found = maven.context(folder).project(group, artifact).at_version(version).artifact(packaging="zip").resolve()
    assert hashlib.sha256(found.read_bytes()).hexdigest() == SHA256, f"{found.name} is not the one that was tried"
    return Path(found)


def _write_certificates(folder: Path) -> None:
    authority_key, node_key = ec.generate_private_key(ec.SECP256R1()), ec.generate_private_key(ec.SECP256R1())
    authority = _certificate("authority", authority_key, "authority", authority_key, is_authority=True)
    node = _certificate("secured", node_key, "authority", authority_key, is_authority=False)
    (folder / "ca.pem").write_bytes(authority.public_bytes(serialization.Encoding.PEM))
    (folder / "node.pem").write_bytes(node.public_bytes(serialization.Encoding.PEM))
    key = node_key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (folder / "node.key").write_bytes(key)


def _certificate(
    name: str,
    key: ec.EllipticCurvePrivateKey,
    issuer: str,
    signed_by: ec.EllipticCurvePrivateKey,
    *,
    is_authority: bool,
) -> x509.Certificate:
    def named(text: str) -> x509.Name:
        return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])

    now = datetime.datetime.now(datetime.UTC)
    names = x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address(LOOPBACK))])
    return (
        x509.CertificateBuilder()
        .subject_name(named(name))
        .issuer_name(named(issuer))
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(hours=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.BasicConstraints(ca=is_authority, path_length=None), critical=True)
        .add_extension(names, critical=False)
        .sign(signed_by, hashes.SHA256())
    )
