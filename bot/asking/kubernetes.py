"""Which log lines do the pods of a Kubernetes namespace have since a time?

https://kubernetes.io/docs/reference/kubernetes-api/workload-resources/pod-v1/ (list; read log of the specified pod).
Each container is read since a time with the kubelet's own timestamps, and the one before it when it was restarted; what
the overlap of two questions brings twice is known by container, time and text. A log is not followed over an open
connection: a question every few seconds survives restarts of both sides alike.
"""

import hashlib
import logging
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import msgspec

from bot.asking.answered import Asked
from bot.asking.pulled import Pulled
from bot.logs.record import LogRecord
from bot.settings import PullSettings
from bot.sources import loki
from bot.sources.model import Posted

log = logging.getLogger(__name__)

PODS_MAX = 200
PAGE_PODS = 100
PULL_BYTES = 32 << 20
LOG_BYTES_MIN, LOG_BYTES_MAX = 256 << 10, 8 << 20
"""Of one container in one question; with many containers each has its share of `PULL_BYTES`."""
SERVICE_LABELS = ("app.kubernetes.io/name", "app", "k8s-app", "app.kubernetes.io/component")
DEFAULT_CONTAINER = "kubectl.kubernetes.io/default-container"
NOT_THERE = (400, 404)
"""A container that waits to start, has no log before this one, or whose pod went meanwhile."""
GONE, STALE_MAX = 410, 3
SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class _Log:
    """One container's log; `previous`: of the container that ran before it was restarted."""

    path: str
    container: str
    previous: bool
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class _Lines:
    """(ns since 1970 as digits, line), the oldest first; `is_cut`: there are more."""

    rows: list[tuple[str, str]]
    is_cut: bool


class KubernetesPuller:
    def __init__(self, name: str, settings: PullSettings, client: httpx.Client) -> None:
        self._name, self._settings = name, settings
        place = f"in the namespace {settings.namespace}"
        hints = {
            401: "its token is not known there, or has run out",
            403: f"its token needs to list pods and to get pods/log {place} (docs/sources.md has the Role)",
        }
        self._asked = Asked(f"pull.{name}", client, hints)

    def pull(self, since: datetime, until: datetime) -> Pulled:
        logs = [one for pod in self._pods() for one in _logs_of(pod, since, self._settings.service)]
        limit = min(LOG_BYTES_MAX, max(LOG_BYTES_MIN, PULL_BYTES // max(1, len(logs))))
        streams, ends = [], []
        for one in logs:
            lines = self._read(one, since, until, limit)
            if lines.rows:
                streams.append({"stream": one.labels, "values": lines.rows})
            if lines.is_cut:
                ends.append(self._end(one, lines, since))
        posted = Posted(msgspec.json.encode({"streams": streams}), {}, until)
        found = dict(_identified(loki.decode(posted).records))
        return Pulled(found, min(ends), is_full=True) if ends else Pulled(found, until)

    def _pods(self) -> list[Mapping[str, Any]]:
        pods: list[Mapping[str, Any]] = []
        path, asked = f"/api/v1/namespaces/{self._settings.namespace}/pods", {"limit": str(PAGE_PODS)}
        if self._settings.selector:
            asked["labelSelector"] = self._settings.selector
        token, stale = "", 0
        while len(pods) < PODS_MAX:
            without = (GONE,) if stale < STALE_MAX else ()
            found = self._asked.get_unless(path, asked | ({"continue": token} if token else {}), without)
            if found is None:  # the list grew too old while it was read
                pods, token, stale = [], "", stale + 1
                continue
            pods += [pod for pod in found.get("items") or () if isinstance(pod, dict)]
            token = str((found.get("metadata") or {}).get("continue") or "")
            if not token:
                return pods
        log.warning("pull.%s: there are more than %d pods; narrow its selector", self._name, PODS_MAX)
        return pods[:PODS_MAX]

    def _read(self, one: _Log, since: datetime, until: datetime, limit: int) -> _Lines:
        asked = {
            "container": one.container,
            "timestamps": "true",
            "sinceTime": since.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "limitBytes": str(limit),
        }
        text = self._asked.text_unless(one.path, asked | ({"previous": "true"} if one.previous else {}), NOT_THERE)
        if text is None:
            return _Lines([], False)
        is_cut = len(text) >= limit
        lines = text.decode("utf-8", "replace").split("\n")
        whole = lines[:-1] if is_cut else lines  # the last one may be cut, too
        return _Lines([row for line in whole if (row := _row(line, since, until))], is_cut)

    def _end(self, one: _Log, lines: _Lines, since: datetime) -> datetime:
        """Where to go on with a log that was cut. Questions have whole seconds: one that is full is left behind."""
        last = _at(int(lines.rows[-1][0])) if lines.rows else since
        if last.replace(microsecond=0) > since:
            return last.replace(microsecond=0)
        log.warning("pull.%s: %s has more in one second than is read; the rest is lost", self._name, one.path)
        return since.replace(microsecond=0) + SECOND


def _logs_of(pod: Mapping[str, Any], since: datetime, service: str) -> Iterator[_Log]:
    """The logs of a pod that may have lines since then."""
    meta, spec, status = (pod.get(part) or {} for part in ("metadata", "spec", "status"))
    name, namespace = str(meta.get("name", "")), str(meta.get("namespace", ""))
    told = [*(status.get("initContainerStatuses") or ()), *(status.get("containerStatuses") or ())]
    for one in told:
        container, state, last = str(one.get("name", "")), one.get("state") or {}, one.get("lastState") or {}
        counted = service or _service(meta, spec, container)
        labels = {"service": counted, "namespace": namespace, "pod": name, "container": container}
        path = f"/api/v1/namespaces/{namespace}/pods/{name}/log"
        if one.get("restartCount") and _ended_since(last, since):
            yield _Log(path, container, True, labels)
        if "running" in state or ("terminated" in state and _ended_since(state, since)):
            yield _Log(path, container, False, labels)


def _service(meta: Mapping[str, Any], spec: Mapping[str, Any], container: str) -> str:
    """The application for the pod's own container; others beside it count by their own names."""
    labels, first = meta.get("labels") or {}, (spec.get("containers") or [{}])[0].get("name")
    own = (meta.get("annotations") or {}).get(DEFAULT_CONTAINER) or first
    application = next((str(labels[label]) for label in SERVICE_LABELS if labels.get(label)), "")
    return application if application and container == own else container


def _ended_since(state: Mapping[str, Any], since: datetime) -> bool:
    ended = str((state.get("terminated") or {}).get("finishedAt") or "")
    try:
        return datetime.fromisoformat(ended) >= since.replace(microsecond=0)
    except ValueError:
        return "terminated" in state


def _row(line: str, since: datetime, until: datetime) -> tuple[str, str] | None:
    """A line with its time; None for what has none (the kubelet's own words) or another one than was asked for."""
    told, _, text = line.partition(" ")
    seconds, _, rest = told.removesuffix("Z").partition(".")
    try:
        at = datetime.fromisoformat(f"{seconds}+00:00")
        ns = int(at.timestamp()) * 10**9 + int(rest.ljust(9, "0")[:9])
    except ValueError:
        return None
    return (str(ns), text) if since.replace(microsecond=0) <= _at(ns) < until else None


def _at(ns: int) -> datetime:
    return datetime.fromtimestamp(ns // 1000 / 1_000_000, UTC)


def _identified(records: list[LogRecord]) -> Iterator[tuple[str, LogRecord]]:
    """A container may say the same twice within a microsecond: the first, the second, …"""
    said: Counter[tuple[str, ...]] = Counter()
    for record in records:
        place = (record.attributes["pod"], record.attributes["container"], record.at.isoformat(), record.text)
        said[place] += 1
        told = "\0".join((*place, str(said[place]))).encode("utf-8", "replace")
        yield hashlib.blake2b(told, digest_size=12).hexdigest(), record
