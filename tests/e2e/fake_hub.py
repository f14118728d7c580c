"""A stand-in for a Hugging Face hub on loopback, with faults on demand.

Large files (.safetensors) are answered as by the real hub: 302 with X-Linked-Etag and X-Linked-Size to a second server,
the "CDN", on another port. Every request to either server is logged. Run as a program it serves folders:
    python tests/e2e/fake_hub.py --model org/name=FOLDER
"""

from __future__ import annotations

import argparse
import hashlib
import http.server
import json
import pathlib
import re
import ssl
import threading
import time
import urllib.parse
from dataclasses import dataclass, field

LISTING = "(listing)"  # stands for the list of files where a fault names a file


@dataclass
class Model:
    files: dict[str, bytes]
    commit: str
    revisions: list[str]
    private: bool = False  # 401 without the hub's token
    gated: bool = False  # 403 with X-Error-Code: GatedRepo on files


@dataclass
class Fault:
    """What goes wrong with a file; `times` answers, then all is well."""

    # cut, stall, status, cdn_status, redirect, moved, flip, wrong_length, wrong_linked_size, ignore_range, bad_range,
    # refuse_range
    kind: str
    times: int = 1
    after: int = 0  # bytes sent before a cut or a stall
    seconds: float = 0.0
    status: int = 500
    headers: dict[str, str] = field(default_factory=dict)
    location: str = ""


@dataclass
class Request:
    server: str  # "hub" or "cdn"
    path: str
    headers: dict[str, str]  # names in lower case


class FakeHub:
    """Two servers in threads; use as a context manager."""

    def __init__(self, token: str = "hf_secret", blobs: bool = True, certificate: str = "", tls: tuple[str, ...] = ()):
        """`certificate`: PEM file with key and certificate, used by the servers named in `tls` ("hub", "cdn")."""
        self.models: dict[str, Model] = {}
        self.faults: dict[str, list[Fault]] = {}
        self.requests: list[Request] = []
        self.token = token
        self.blobs = blobs  # whether ?blobs=true is understood; else it is a 404, as on a simple mirror
        self.certificate = certificate
        self.tls = tls
        self.lock = threading.Lock()  # guards faults and requests
        self.hub = self._start("hub")
        self.cdn = self._start("cdn")

    def _start(self, name: str) -> http.server.ThreadingHTTPServer:
        handler = type(f"{name.title()}Handler", (_Handler,), {"owner": self, "server_name": name})
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
        if name in self.tls:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(self.certificate)
            server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
        server.daemon_threads = True
        server.block_on_close = False
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()
        return server

    def _url(self, name: str, server: http.server.ThreadingHTTPServer) -> str:
        return f"{'https' if name in self.tls else 'http'}://127.0.0.1:{server.server_address[1]}"

    @property
    def url(self) -> str:
        return self._url("hub", self.hub)

    @property
    def cdn_url(self) -> str:
        return self._url("cdn", self.cdn)

    def __enter__(self) -> FakeHub:
        return self

    def __exit__(self, *_: object) -> None:
        for server in (self.hub, self.cdn):
            server.shutdown()
            server.server_close()

    def add(self, name: str, files: dict[str, bytes], revisions: tuple[str, ...] = ("main",), **kwargs) -> Model:
        digest = hashlib.sha1(b"".join(k.encode() + v for k, v in sorted(files.items()))).hexdigest()
        model = Model(dict(files), digest, [*revisions, digest], **kwargs)
        self.models[name] = model
        return model

    def fault(self, file: str, kind: str, **kwargs) -> None:
        with self.lock:
            self.faults.setdefault(file, []).append(Fault(kind, **kwargs))

    def take_fault(self, file: str, kinds: tuple[str, ...]) -> Fault | None:
        with self.lock:
            for fault in self.faults.get(file, []):
                if fault.kind in kinds and fault.times > 0:
                    fault.times -= 1
                    return fault
        return None

    def paths(self, server: str = "hub") -> list[str]:
        with self.lock:
            return [r.path for r in self.requests if r.server == server]

    def of_file(self, file: str, server: str = "hub") -> list[Request]:
        with self.lock:
            return [r for r in self.requests if r.server == server and r.path.endswith("/" + file)]


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    owner: FakeHub
    server_name: str

    def log_message(self, *_: object) -> None:
        pass

    def do_GET(self) -> None:
        raw, _, query = self.path.partition("?")
        path = urllib.parse.unquote(raw)
        with self.owner.lock:
            headers = {k.lower(): v for k, v in self.headers.items()}
            self.owner.requests.append(Request(self.server_name, path, headers))
        if self.server_name == "cdn":
            return self._cdn(path)
        # Split before decoding: the slashes of a revision such as refs/pr/1 arrive as %2F.
        if match := re.fullmatch(r"/api/models/(.+?)/revision/([^/]+)", raw):
            return self._listing(*map(urllib.parse.unquote, match.groups()), query)
        if match := re.fullmatch(r"/(.+?)/resolve/([^/]+)/(.+)", raw):
            return self._file(*map(urllib.parse.unquote, match.groups()))
        return self._send(404)

    def _send(self, status: int, body: bytes = b"", headers: dict[str, str] | None = None) -> None:
        self.send_response(status)
        for name, value in (headers or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _error(self, status: int, code: str = "", message: str = "") -> None:
        headers = {k: v for k, v in (("X-Error-Code", code), ("X-Error-Message", message)) if v}
        self._send(status, json.dumps({"error": message}).encode(), headers)

    def _model(self, name: str, revision: str) -> Model | None:
        """The model, or None after an error was answered."""
        model = self.owner.models.get(name)
        authorised = self.headers.get("Authorization") == f"Bearer {self.owner.token}"
        if model is None or (model.private and not authorised):
            status, code = (404, "RepoNotFound") if authorised else (401, "")
            self._error(status, code, "Invalid username or password.")
        elif revision not in model.revisions:
            self._error(404, "RevisionNotFound", f"Invalid rev id: {revision}")
        else:
            return model
        return None

    def _listing(self, name: str, revision: str, query: str) -> None:
        if fault := self.owner.take_fault(LISTING, ("status",)):
            return self._send(fault.status, headers=fault.headers)
        if fault := self.owner.take_fault(LISTING, ("stall",)):
            time.sleep(fault.seconds)
        if query and not self.owner.blobs:
            return self._send(404)
        model = self._model(name, revision)
        if model is None:
            return None
        siblings = []
        for file, content in model.files.items():
            entry: dict[str, object] = {"rfilename": file}
            if query == "blobs=true":
                entry |= {"size": len(content), "blobId": git_sha1(content)}
                if is_large(file):
                    entry["lfs"] = {"sha256": hashlib.sha256(content).hexdigest(), "size": len(content)}
            siblings.append(entry)
        body = json.dumps({"id": name, "sha": model.commit, "siblings": siblings}).encode()
        return self._send(200, body, {"Content-Type": "application/json"})

    def _file(self, name: str, revision: str, file: str) -> None:
        if fault := self.owner.take_fault(file, ("status",)):
            return self._send(fault.status, headers=fault.headers)
        if fault := self.owner.take_fault(file, ("redirect",)):
            return self._send(302, headers={"Location": fault.location})
        model = self._model(name, revision)
        if model is None:
            return None
        if model.gated:
            return self._error(403, "GatedRepo", f"Access to model {name} is restricted.")
        if file not in model.files:
            return self._error(404, "EntryNotFound", "Entry not found")
        content = model.files[file]
        commit = "f" * 40 if self.owner.take_fault(file, ("moved",)) else model.commit
        headers = {"X-Repo-Commit": commit, "ETag": f'"{git_sha1(content)}"'}
        if not is_large(file):
            return self._content(file, content, headers)
        size = len(content) + (1 if self.owner.take_fault(file, ("wrong_linked_size",)) else 0)
        headers |= {
            "ETag": '"xet"',
            "X-Linked-Etag": f'"{hashlib.sha256(content).hexdigest()}"',
            "X-Linked-Size": str(size),
            "Location": f"{self.owner.cdn_url}/{name}/{urllib.parse.quote(file)}?signature=s3cret",
        }
        return self._send(302, b"Found. Redirecting", headers)

    def _cdn(self, path: str) -> None:
        org, name, file = path.lstrip("/").split("/", 2)
        if fault := self.owner.take_fault(file, ("cdn_status",)):
            return self._send(fault.status, headers=fault.headers)
        # The ETag of a CDN is not a checksum of the content, though it may look like one.
        return self._content(file, self.owner.models[f"{org}/{name}"].files[file], {"ETag": f'"{"ab" * 32}"'})

    def _content(self, file: str, content: bytes, headers: dict[str, str]) -> None:
        owner = self.owner
        start = 0
        if match := re.fullmatch(r"bytes=(\d+)-", self.headers.get("Range", "")):
            start = int(match[1])
        if start and (owner.take_fault(file, ("refuse_range",)) or start >= len(content)):
            return self._send(416, headers={"Content-Range": f"bytes */{len(content)}"})
        if start and owner.take_fault(file, ("ignore_range",)):
            start = 0
        body = content[start:]
        if owner.take_fault(file, ("flip",)):
            body = bytes([body[0] ^ 1]) + body[1:]
        promised = len(body) + (7 if owner.take_fault(file, ("wrong_length",)) else 0)
        self.send_response(206 if start else 200)
        if start:
            shift = 1 if owner.take_fault(file, ("bad_range",)) else 0
            self.send_header("Content-Range", f"bytes {start + shift}-{len(content) - 1}/{len(content)}")
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(promised))
        self.end_headers()
        fault = owner.take_fault(file, ("cut", "stall"))
        if fault is None:
            self.wfile.write(body)
        else:
            self.wfile.write(body[: fault.after])
            self.wfile.flush()
            time.sleep(fault.seconds)
        if fault is not None or promised != len(body):
            self.close_connection = True


def is_large(file: str) -> bool:
    return file.endswith(".safetensors")


def git_sha1(content: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", action="append", default=[], metavar="NAME=FOLDER", required=True)
    options = parser.parse_args()
    with FakeHub() as hub:
        for entry in options.model:
            name, _, folder = entry.partition("=")
            root = pathlib.Path(folder)
            hub.add(name, {str(p.relative_to(root)): p.read_bytes() for p in root.rglob("*") if p.is_file()})
        print(f"HF_ENDPOINT={hub.url}", flush=True)
        threading.Event().wait()


if __name__ == "__main__":
    main()
