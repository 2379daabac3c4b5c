"""As much of Chef Push Jobs on a Chef Infra Server as a job needs, with its state in memory. Made from Chef's
documentation (api_push_jobs, api_chef_server) and knife-push; no real server was there to compare it with.

The signature of each request is verified by a reading of its own of "Authentication Headers": it puts the canonical
request together from what arrived and holds it against the public key.
"""

import base64
import hashlib
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.connectors.faulty import Answer, Asked

USER, ORGANIZATION = "tocsin", "shop"
PRIVATE: RSAPrivateKey = generate_private_key(65537, 2048)
PEM = PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()
_PUSHY = f"/organizations/{ORGANIZATION}/pushy"
_STARTED = datetime(2026, 11, 21, 10, tzinfo=UTC)


def refusal(asked: Asked, now: datetime) -> str:
    """What is wrong with the request's signature; '' when it is right."""
    headers = {name.lower(): value for name, value in asked.headers.items()}
    if headers.get("x-ops-sign") != "algorithm=sha256;version=1.3;" or headers.get("x-ops-userid") != USER:
        return f"Failed to authenticate as '{headers.get('x-ops-userid')}'"
    at = datetime.strptime(headers["x-ops-timestamp"], "%Y-%m-%dT%H:%M:%SZ").replace(tzinfo=UTC)
    if abs(now - at) > timedelta(minutes=15):
        return "the clocks differ by more than 15 minutes"
    digest = base64.b64encode(hashlib.sha256(asked.content).digest()).decode()
    if digest != headers["x-ops-content-hash"]:
        return "the content is another"
    lines = [headers[f"x-ops-authorization-{n}"] for n in range(1, 30) if f"x-ops-authorization-{n}" in headers]
    if any(len(line) > 60 for line in lines):
        return "a line of the signature is too long"
    block = (
        f"Method:{asked.method}\nPath:{asked.path}\nX-Ops-Content-Hash:{digest}\nX-Ops-Sign:version=1.3\n"
        f"X-Ops-Timestamp:{headers['x-ops-timestamp']}\nX-Ops-UserId:{USER}\n"
        f"X-Ops-Server-API-Version:{headers['x-ops-server-api-version']}"
    )
    try:
        PRIVATE.public_key().verify(base64.b64decode("".join(lines)), block.encode(), PKCS1v15(), SHA256())
    except InvalidSignature:
        return "Invalid signature for user or client 'tocsin'"
    return ""


class FakeChef:
    """Another job ran before. A job moves on each time it is looked at."""

    def __init__(self) -> None:
        self.effects: list[str] = []
        self.up = {"cache-1": "up", "cache-2": "up"}
        self.ends = {"cache-1": "succeeded", "cache-2": "succeeded"}
        self.jobs: list[dict[str, Any]] = []
        self._add({"command": "chef-client", "nodes": ["web-1"], "env": {}})["status"] = "complete"

    def answer(self, asked: Asked) -> Answer:
        wrong = refusal(asked, datetime.now(UTC))
        if wrong:
            return Answer(401, {"error": [wrong]})
        path = asked.path.removeprefix(_PUSHY)
        if asked.path == path or asked.headers.get("X-Chef-Version") is None:
            return Answer(404, {"error": ["not found"]})
        node = re.fullmatch(r"/node_states/([\w.-]+)", path)
        if node:
            status = self.up.get(node[1], "down")
            return Answer(200, {"node_name": node[1], "status": status, "updated_at": _date(_STARTED)})
        if path == "/jobs" and asked.method == "POST":
            self.effects.append(asked.body["env"]["TOCSIN_KEY"])
            return Answer(201, {"id": self._add(asked.body)["id"]})
        if path == "/jobs":
            hidden = ("env", "nodes", "looks", "on")
            return Answer(200, [{k: v for k, v in job.items() if k not in hidden} for job in self.jobs])
        found = re.fullmatch(r"/jobs/(\w+)(?:/output/([\w.-]+)/(stdout|stderr))?", path)
        job = next((one for one in self.jobs if found and one["id"] == found[1]), None)
        if not found or job is None:
            return Answer(404, {"error": ["not found"]})
        return self._output(found[2], found[3]) if found[2] else Answer(200, self._seen(job, asked))

    def _output(self, node: str, channel: str) -> Answer:
        if self.ends.get(node) == "failed":
            said = "FATAL: Chef::Exceptions::Package: memcached has no candidate\n" if channel == "stderr" else ""
        else:
            said = "Converging 23 resources\nChef Client finished, 4/23 resources updated in 15 seconds\n"
        return Answer(200, said)

    def _seen(self, job: dict[str, Any], asked: Asked) -> dict[str, Any]:
        """The environment is told with the file only."""
        if asked.query.get("include_file") == "true":
            return {k: v for k, v in job.items() if k not in ("looks", "on")}
        job["looks"] += 1
        if job["status"] in ("voting", "running") and job["looks"] > 1:
            job["status"] = "running" if job["looks"] == 2 else "complete"
        states: dict[str, list[str]] = {}
        for node in job["on"]:
            at = {"voting": "new", "running": "running"}.get(job["status"]) or self.ends.get(node, "succeeded")
            states.setdefault(at, []).append(node)
        shown = {k: v for k, v in job.items() if k not in ("looks", "on", "env")}
        return {**shown, "nodes": states, "file_specified": False}

    def _add(self, body: dict[str, Any]) -> dict[str, Any]:
        number = len(self.jobs)
        job = {
            "id": f"{number:032x}",
            "command": body["command"],
            "run_timeout": body.get("run_timeout", 3600),
            "status": "voting",
            "created_at": _date(_STARTED + timedelta(minutes=number)),
            "env": body["env"],
            "on": body["nodes"],
            "looks": 0,
        }
        self.jobs.append(job)
        return job


def _date(at: datetime) -> str:
    return at.strftime("%a, %d %b %Y %H:%M:%S GMT")
