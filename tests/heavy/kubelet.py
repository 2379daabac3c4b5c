"""What stands for the nodes of a cluster, where no container can run: pods that are made come up, or cannot get their
image, and a node tells their logs?

It does towards the API server what a scheduler and a kubelet do: binds each pod to its one node, patches the pods'
status, deletes those that are to go, and answers the API server's questions for logs over TLS
(kubernetes/kubernetes pkg/kubelet/server: /containerLogs/NAMESPACE/POD/CONTAINER). With `BAD` in its tag, an image
cannot be pulled.
"""

import json
import ssl
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

NODE = "node-1"
BAD = "no-such"
_SOME_TIME = "2026-03-01T12:00:00Z"
_WATCH_S = 2
"""After so long everything is seen to anew: what a test changed in the kubelet is no event."""


@dataclass
class Kubelet:
    """A pod is NAMESPACE/NAME. `logs`: (pod, "previous" or "") → the lines of its container with their times.
    `restarted`: pod → when the container before ended. `waiting`: pods whose container waits to start."""

    logs: dict[tuple[str, str], list[tuple[datetime, str]]] = field(default_factory=dict)
    restarted: dict[str, datetime] = field(default_factory=dict)
    waiting: set[str] = field(default_factory=set)

    def told(self, path: str, query: Mapping[str, str]) -> tuple[int, str]:
        """Status and text, with a kubelet's words."""
        namespace, name, container = path.split("/")[-3:]
        pod = f"{namespace}/{name}"
        if pod in self.waiting:
            return 400, f'container "{container}" in pod "{name}" is waiting to start: ContainerCreating'
        previous = "previous" if query.get("previous") == "true" else ""
        lines = self.logs.get((pod, previous))
        if lines is None and previous:
            return 400, f'previous terminated container "{container}" in pod "{name}" not found'
        since = datetime.fromisoformat(query["sinceTime"])
        text = "".join(f"{_nanoseconds(at)} {line}\n" for at, line in lines or () if at >= since)
        return 200, text[: int(query["limitBytes"])]

    def status(self, pod: Mapping[str, Any]) -> dict[str, Any]:
        """Of a pod as it is now."""
        meta = pod["metadata"]
        told = [self._container(f"{meta['namespace']}/{meta['name']}", one) for one in pod["spec"]["containers"]]
        ready = "True" if all(one["ready"] for one in told) else "False"
        since = {"status": ready, "lastTransitionTime": meta["creationTimestamp"]}
        conditions = [{"type": kind, **since} for kind in ("Ready", "ContainersReady")]
        phase = "Running" if ready == "True" else "Pending"
        return {"phase": phase, "conditions": conditions, "containerStatuses": told}

    def _container(self, pod: str, of: Mapping[str, Any]) -> dict[str, Any]:
        image = str(of["image"])
        told = {"name": of["name"], "image": image, "imageID": "", "restartCount": 0}
        if BAD in image or pod in self.waiting:
            reason = "ImagePullBackOff" if BAD in image else "ContainerCreating"
            return told | {"ready": False, "state": {"waiting": {"reason": reason}}}
        told |= {"ready": True, "state": {"running": {"startedAt": _SOME_TIME}}}
        ended = self.restarted.get(pod)
        if ended is not None:
            last = {"terminated": {"exitCode": 1, "finishedAt": ended.strftime("%Y-%m-%dT%H:%M:%SZ")}}
            told |= {"restartCount": 1, "lastState": last}
        return told


@contextmanager
def running_kubelet(api: httpx.Client, certificate: Path, key: Path) -> Iterator[Kubelet]:
    """A node with its pods. `api`: the API server with every right; `certificate`: of the node's own server."""
    kubelet, over = Kubelet(), threading.Event()
    with _Logs(("127.0.0.1", 0), _Handler) as server:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        server.socket = context.wrap_socket(server.socket, server_side=True)
        server.kubelet = kubelet
        _register(api, server.server_address[1])
        threads = (
            threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}),
            threading.Thread(target=_see_to_pods, args=(api, kubelet, over)),
        )
        for thread in threads:
            thread.start()
        try:
            yield kubelet
        finally:
            over.set()
            server.shutdown()
            for thread in threads:
                thread.join()


def _register(api: httpx.Client, port: int) -> None:
    api.post("/api/v1/nodes", json={"metadata": {"name": NODE}}).raise_for_status()
    status = {
        "addresses": [{"type": "InternalIP", "address": "127.0.0.1"}],
        "daemonEndpoints": {"kubeletEndpoint": {"Port": port}},
        "conditions": [{"type": "Ready", "status": "True"}],
    }
    patched(api, f"/api/v1/nodes/{NODE}/status", {"status": status})


def patched(api: httpx.Client, path: str, change: Mapping[str, Any]) -> Any:
    """The object after a merge patch; None when it is gone."""
    got = api.patch(path, json=change, headers={"Content-Type": "application/merge-patch+json"})
    return None if got.status_code == 404 else got.raise_for_status().json()


def _see_to_pods(api: httpx.Client, kubelet: Kubelet, over: threading.Event) -> None:
    """Each pod when it changes. A watch begins with all that there are."""
    asked = {"watch": "true", "timeoutSeconds": str(_WATCH_S)}
    while not over.is_set():
        with suppress(httpx.HTTPError), api.stream("GET", "/api/v1/pods", params=asked) as events:
            for line in events.raise_for_status().iter_lines():
                event = json.loads(line)
                if event["type"] in ("ADDED", "MODIFIED"):
                    _see_to(api, kubelet, event["object"])


def _see_to(api: httpx.Client, kubelet: Kubelet, pod: Mapping[str, Any]) -> None:
    meta = pod["metadata"]
    path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
    if meta.get("deletionTimestamp"):
        api.delete(path, params={"gracePeriodSeconds": "0"})
        return
    if not pod["spec"].get("nodeName"):
        binding = {"metadata": {"name": meta["name"]}, "target": {"kind": "Node", "name": NODE}}
        api.post(f"{path}/binding", json=binding)
    wanted = kubelet.status(pod)
    if not _is_within(wanted, pod.get("status") or {}):
        patched(api, f"{path}/status", {"status": wanted})


def _is_within(wanted: Any, found: Any) -> bool:
    """Whether what is wanted is there, among what the server adds."""
    if isinstance(wanted, dict):
        return isinstance(found, dict) and all(_is_within(value, found.get(name)) for name, value in wanted.items())
    if isinstance(wanted, list):
        is_long = isinstance(found, list) and len(found) == len(wanted)
        return is_long and all(_is_within(one, other) for one, other in zip(wanted, found, strict=True))
    return bool(wanted == found)


def _nanoseconds(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S.%f}123Z"


class _Logs(ThreadingHTTPServer):
    daemon_threads = True
    kubelet: Kubelet

    def handle_error(self, request: object, client_address: object) -> None:
        """The API server hangs up as it likes."""


class _Handler(BaseHTTPRequestHandler):
    server: _Logs

    def log_message(self, format: str, *arguments: object) -> None:
        """Quiet."""

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        status, text = self.server.kubelet.told(parts.path, dict(parse_qsl(parts.query)))
        content = text.encode()
        self.send_response(status)
        self.send_header("Content-Type", "text/plain")
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)
