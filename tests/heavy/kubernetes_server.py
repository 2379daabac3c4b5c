"""How does a real control plane of Kubernetes come up for a test, on loopback, with people of few rights?

etcd, kube-apiserver (tokens, RBAC) and the controllers of Deployments and ReplicaSets are real (`kubernetes_build`); no
container runs: `kubelet` stands for the nodes.
"""

import itertools
import json
import re
import socket
import ssl
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from ruamel.yaml import YAML

from tests.conftest import missing
from tests.connectors.faulty import Answer, Asked, Backend
from tests.heavy.kubelet import Kubelet, patched, running_kubelet
from tests.heavy.kubernetes_build import BIN, is_built
from tests.heavy.servers import START_MAX_S, running, wait_for

ADMIN, TOCSIN, READER = "admin-token-5f1e", "kube-token-81c2", "reader-token-3b7d"
ROLES = {"tocsin": ("tocsin-actions", "tocsin-logs"), "reader": ("reader",)}
"""User → its Roles; those of Tocsin are the ones that its documentation gives."""
IMAGE = "registry.example.com:5000/shop/checkout"
_DOCS = Path(__file__).parents[2] / "docs"
_READER = {"rules": [{"apiGroups": ["apps"], "resources": ["deployments"], "verbs": ["get"]}]}
_NAMES = itertools.count(1)
_NOBODYS_NETWORK = "10.99.0.0/24"
_CONTROLLERS = "deployment,replicaset,garbagecollector,namespace,serviceaccount"


@dataclass
class Cluster:
    """`api`: with every right. `authority`: the file with the certificate of the API server."""

    url: str
    authority: str
    api: httpx.Client
    kubelet: Kubelet

    def namespace(self) -> str:
        """A new one, in which Tocsin may do what its documentation asks for, and the reader reads Deployments."""
        name = f"shop-{next(_NAMES)}"
        self.made("/api/v1/namespaces", {"metadata": {"name": name}})
        self.made(f"/api/v1/namespaces/{name}/secrets", {"metadata": {"name": "s"}, "stringData": {"password": "x"}})
        folder = f"/apis/rbac.authorization.k8s.io/v1/namespaces/{name}"
        for role, rules in {**documented_roles(), "reader": _READER}.items():
            self.made(f"{folder}/roles", {"metadata": {"name": role}, "rules": rules["rules"]})
        for user, roles in ROLES.items():
            for role in roles:
                self.made(f"{folder}/rolebindings", _binding(user, role))
        return name

    def checkout(self, *versions: str) -> str:
        """The new namespace where the Deployment checkout went through these versions, each with all its pods."""
        namespace = self.namespace()
        self.made(f"/apis/apps/v1/namespaces/{namespace}/deployments", _deployment(versions[0]))
        self.wait_for_pods(namespace)
        for version in versions[1:]:
            containers = [{"name": "app", "image": f"{IMAGE}:{version}"}]
            self.change(namespace, {"spec": {"template": {"spec": {"containers": containers}}}})
            self.wait_for_pods(namespace)
        return namespace

    def deployment(self, namespace: str) -> dict[str, Any]:
        found: dict[str, Any] = self.api.get(_path(namespace)).raise_for_status().json()
        return found

    def change(self, namespace: str, change: dict[str, Any]) -> None:
        """Somebody else changes checkout."""
        assert patched(self.api, _path(namespace), change)

    def wait_for_pods(self, namespace: str) -> None:
        until(self.api, _path(namespace), _has_its_pods)

    def made(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        answer = self.api.post(path, json=body)
        assert answer.status_code == 201, answer.text
        made: dict[str, Any] = answer.json()
        return made

    def forwarded(self) -> Backend:
        """The API server as it answers to what passes through a test's server."""

        def answer(asked: Asked) -> Answer:
            passed = ("authorization", "content-type", "accept")
            headers = {name: value for name, value in asked.headers.items() if name.lower() in passed}
            with client_of(self.url, self.authority) as client:
                query, content = dict(asked.query), asked.content
                got = client.request(asked.method, asked.path, params=query, content=content, headers=headers)
            is_json = "json" in got.headers.get("Content-Type", "")
            return Answer(got.status_code, got.json() if is_json else got.text)

        return answer


@contextmanager
def running_cluster(folder: Path) -> Iterator[Cluster]:
    if not is_built():
        missing(f"no kube-apiserver is in {BIN}; `make test-kubernetes` builds one")
    ports = _free_ports(3)
    etcd, peers, url = (f"http://127.0.0.1:{ports[0]}", f"http://127.0.0.1:{ports[1]}", f"https://127.0.0.1:{ports[2]}")
    authority, key = folder / "certs" / "apiserver.crt", folder / "certs" / "apiserver.key"
    env = {"HOME": str(folder), "PATH": str(BIN)}
    with ExitStack() as stack:
        stack.enter_context(running(_etcd(folder, etcd, peers), env, folder / "etcd.log"))
        wait_for(f"{etcd}/health", lambda got: got.json()["health"] == "true")
        stack.enter_context(running(_apiserver(folder, etcd, ports[2]), env, folder / "apiserver.log"))
        _until_exists(authority, key)
        api = stack.enter_context(client_of(url, str(authority), ADMIN))
        until(api, "/readyz", lambda got: got.text == "ok")
        stack.enter_context(running(_controllers(folder, url), env, folder / "controllers.log"))
        kubelet = stack.enter_context(running_kubelet(api, authority, key))
        yield Cluster(url, str(authority), api, kubelet)


def client_of(url: str, authority: str, token: str = "") -> httpx.Client:
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    context = _trusting(authority)
    return httpx.Client(base_url=url, headers=headers, verify=context, timeout=30, trust_env=False)


def until(client: httpx.Client, path: str, is_so: Callable[[httpx.Response], bool]) -> None:
    last = ""
    give_up = time.monotonic() + START_MAX_S
    while time.monotonic() < give_up:
        with suppress(httpx.TransportError):
            got = client.get(path)
            if is_so(got):
                return
            last = got.text
        time.sleep(0.1)
    raise AssertionError(f"{path} is not so within {START_MAX_S} s: {last}")


def documented_roles() -> dict[str, dict[str, Any]]:
    """Name → the Role that the documentation gives."""
    text = "".join((_DOCS / page).read_text() for page in ("connectors.md", "sources.md"))
    blocks = [
        YAML(typ="safe").load(block) for block in re.findall(r"```yaml\n(apiVersion: rbac.*?)```", text, re.DOTALL)
    ]
    return {block["metadata"]["name"]: block for block in blocks}


@cache
def _trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=authority)


def _etcd(folder: Path, url: str, peers: str) -> list[str]:
    places = ["--data-dir", str(folder / "etcd"), "--initial-cluster", f"default={peers}"]
    clients = ["--listen-client-urls", url, "--advertise-client-urls", url]
    return [str(BIN / "etcd"), *places, *clients, "--listen-peer-urls", peers, "--initial-advertise-peer-urls", peers]


def _apiserver(folder: Path, etcd: str, port: int) -> list[str]:
    people = ((ADMIN, "admin", "system:masters"), (TOCSIN, "tocsin", ""), (READER, "reader", ""))
    (folder / "tokens.csv").write_text("".join(f'{token},{name},{name},"{group}"\n' for token, name, group in people))
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    (folder / "accounts.key").write_bytes(key)
    told = {
        "etcd-servers": etcd,
        "bind-address": "127.0.0.1",
        "advertise-address": "127.0.0.1",
        "secure-port": port,
        "cert-dir": folder / "certs",
        "token-auth-file": folder / "tokens.csv",
        "authorization-mode": "RBAC",
        "service-account-issuer": "https://kubernetes.default.svc",
        "service-account-key-file": folder / "accounts.key",
        "service-account-signing-key-file": folder / "accounts.key",
        "service-cluster-ip-range": _NOBODYS_NETWORK,
        "endpoint-reconciler-type": "none",
        "disable-admission-plugins": "ServiceAccount",
    }
    return [str(BIN / "kube-apiserver"), *(f"--{name}={value}" for name, value in told.items())]


def _controllers(folder: Path, url: str) -> list[str]:
    cluster = {"server": url, "certificate-authority": str(folder / "certs" / "apiserver.crt")}
    known = {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "here", "cluster": cluster}],
        "users": [{"name": "admin", "user": {"token": ADMIN}}],
        "contexts": [{"name": "here", "context": {"cluster": "here", "user": "admin"}}],
        "current-context": "here",
    }
    (folder / "kubeconfig").write_text(json.dumps(known))
    told = {
        "kubeconfig": folder / "kubeconfig",
        "bind-address": "127.0.0.1",
        "port": 0,
        "secure-port": 0,
        "leader-elect": "false",
        "controllers": _CONTROLLERS,
    }
    return [str(BIN / "kube-controller-manager"), *(f"--{name}={value}" for name, value in told.items())]


def _until_exists(*files: Path) -> None:
    give_up = time.monotonic() + START_MAX_S
    while not all(file.exists() for file in files):
        assert time.monotonic() < give_up, f"{files} were not made within {START_MAX_S} s"
        time.sleep(0.1)


def _free_ports(many: int) -> list[int]:
    """All open at the same time, so that they differ."""
    with ExitStack() as stack:
        probes = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in range(many)]
        return [int(probe.getsockname()[1]) for probe in probes]


def _path(namespace: str) -> str:
    return f"/apis/apps/v1/namespaces/{namespace}/deployments/checkout"


def _has_its_pods(got: httpx.Response) -> bool:
    found = got.raise_for_status().json()
    spec, status = found["spec"], found["status"]
    counts = {status.get(name, 0) for name in ("replicas", "updatedReplicas", "availableReplicas")}
    return status.get("observedGeneration") == found["metadata"]["generation"] and counts == {spec["replicas"]}


def _deployment(version: str) -> dict[str, Any]:
    labels = {"app": "checkout"}
    pod = {"metadata": {"labels": labels}, "spec": {"containers": [{"name": "app", "image": f"{IMAGE}:{version}"}]}}
    spec = {"replicas": 2, "selector": {"matchLabels": labels}, "template": pod}
    return {"metadata": {"name": "checkout"}, "spec": spec}


def _binding(user: str, role: str) -> dict[str, Any]:
    group = "rbac.authorization.k8s.io"
    subjects = [{"kind": "User", "name": user, "apiGroup": group}]
    return {
        "metadata": {"name": f"{user}-{role}"},
        "subjects": subjects,
        "roleRef": {"kind": "Role", "name": role, "apiGroup": group},
    }
