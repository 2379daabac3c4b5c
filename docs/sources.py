"""Writes docs/sources.md from the registry: python docs/sources.py. A test compares."""

import sys
from pathlib import Path

from bot.sources.model import Example, Kind, Proof, Source
from bot.sources.registry import SOURCES

PAGE = Path(__file__).with_name("sources.md")
TITLES = {
    Kind.LOGS: "Logs",
    Kind.METRICS: "Metrics",
    Kind.ALERTS: "Alerts",
    Kind.CHANGES: "Changes",
    Kind.PIPELINES: "Pipelines and data",
    Kind.MODELS: "Models",
}
HEAD = """\
# Sources: what can talk to Tocsin

*This page is written by `python docs/sources.py` from the code's own registry; a test loads every example and feeds
every fixture.*

Three steps for each: start Tocsin (`tocsin run`; after `make run` it is `.venv/bin/tocsin`), paste the configuration
below into what you run already, and look at `tocsin sources` or App Home: they show who sends what, how much, how late,
and who went silent.

`{url}` is where Tocsin listens, such as `http://127.0.0.1:8321`. `{token}` is one of `[http.tokens]` in `tocsin.toml`.
As long as there are none, only programs on the same machine may send, and need none. A token goes into
`Authorization: Bearer …`, into the password of basic authentication, into `Authorization: ApiKey …`, into
`X-Tocsin-Token`, or for hooks to the end of the path: `{url}/v1/hooks/NAME/{token}`. For other machines and containers:

```toml
[http]
host = "0.0.0.0"                       # else only this machine is heard

[http.tokens]
shipper = "env:TOCSIN_SHIPPER_TOKEN"   # the name is how `tocsin sources` calls the sender
```

`tocsin sources`, `tail` and `change` then need one, too: `--token`, or TOCSIN_TOKEN in the environment.

**Tried** says how: *real client*: the unmodified client sends to Tocsin in our tests. *captured*: a body that the real
thing once sent is read in our tests. *documented*: a payload as its documentation shows it is read in our tests; the
configuration is after its documentation and was not run here.
"""
TAIL = """\
## What is promised

- **2xx means counted**: in a committed transaction, or durable on the bus. 429 and 503 come with `Retry-After` and mean
  that nothing was taken. A shipper that gives up then loses lines; the settings above make each one wait.
- **Twice counts once**: a batch with an `Idempotency-Key`, or one in which every record tells its own time and that is
  equal to the last byte, is one batch (at `/v1/ingest` for ndjson and JSON, with times finer than seconds). So is a
  webhook delivery with an identity of its own.
- **Services are bounded**: beyond `logs.services_max` what lines, alerts, changes, runs and figures say of further ones
  counts as `other-services`, in `tocsin sources` too, and the channel is told once a day.
- **A bad record is named, its neighbours count.** `tocsin sources rejected` shows it, with its secrets hidden, for a
  week; `tocsin sources rejected replay ID` reads it again, after a mapping was mended.
- **Times**: a record's own time counts. One from the future (over two minutes) counts now and is shown as *ahead*; one
  that is more than seven days late is rejected (not at `/v1/ingest`, where old files are welcome). `tocsin sources`
  shows how late each sender's last batch was.
- **Bounds**: `http.body_mb_max` for a batch, 16 MB for an event, `http.line_kb_max` for a line, 300 times for what
  unfolds, `sources.NAME.per_minute_max` for how often.

## Any other JSON

`tocsin sources try mine payload.json` shows what a mapping makes of a payload, before anything is sent. Expressions are
[JMESPath](https://jmespath.org). A `status` that is one of `ended` ends the signal with the same `key`; one of
`ignored` means nothing; any other fires.

## Heartbeats and addresses

```toml
[heartbeats.backup]                    # curl {url}/v1/heartbeat/backup at the end of each run
every_minutes = 1440
grace_minutes = 60
service = "warehouse"

[uptime.shop]                          # asked every minute
url = "https://shop.example.org/health"
contains = "ok"
latency_ms_max = 2000
certificate_days_min = 14
service = "web"
```

`/v1/heartbeat/NAME/start` says that a run began, `/v1/heartbeat/NAME/fail` that it failed.

## Asked by Tocsin

```toml
[pull.loki]
type = "loki"                          # or "elasticsearch"
url = "http://loki.example.org:3100"
query = '{namespace="shop"}'
every_s = 30
```

It reads on from where it was, overlaps by a minute, and counts what it saw before once.

The logs of pods, from a Tocsin inside or outside of the cluster:

```toml
[pull.shop]
type = "kubernetes"
url = "https://kubernetes.default.svc"
token = "file:/var/run/secrets/kubernetes.io/serviceaccount/token"
ca_file = "/var/run/secrets/kubernetes.io/serviceaccount/ca.crt"
namespace = "shop"
selector = "tier in (web, worker)"     # all pods of the namespace without it
every_s = 10
```

```yaml
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: {name: tocsin-logs, namespace: shop}
rules:
  - {apiGroups: [""], resources: [pods], verbs: [list]}
  - {apiGroups: [""], resources: [pods/log], verbs: [get]}
```

The service is the pod's label `app.kubernetes.io/name` or `app`; containers beside its own count by their names. Also
read are the last lines of a container that was restarted, and of one that ended. What is lost: what the kubelet rotated
away (10 MB of a container by default) before it was asked again, and what a pod said after the last question before it
was deleted; where that matters, an agent on the nodes is better. The token is read when Tocsin starts; one that ran out
is told. Tried in every run with a server that answers as the API's documentation says, and through a real API server
by `make test-kubernetes`, with a stand-in for the kubelet.
"""


def page() -> str:
    return "\n".join([HEAD, _table(), *(_section(kind) for kind in Kind), TAIL])


def _table() -> str:
    rows = ["| source | where | tried |", "|---|---|---|"]
    for source in SOURCES:
        where = "<br>".join(f"`{route.method} {route.path}`" for route in source.paths)
        rows.append(f"| [{source.title}](#{_anchor(source)}) | {where} | {_proofs(source)} |")
    return "\n".join(rows) + "\n"


def _anchor(source: Source) -> str:
    kept = "".join(letter for letter in source.title.lower() if letter.isalnum() or letter in " -")
    return kept.replace(" ", "-")


def _proofs(source: Source) -> str:
    proofs = {example.proof for example in source.examples}
    return ", ".join(proof.value for proof in Proof if proof in proofs)


def _section(kind: Kind) -> str:
    sources = [source for source in SOURCES if source.kind is kind]
    return "\n".join([f"## {TITLES[kind]}\n", *map(_source, sources)])


def _source(source: Source) -> str:
    setting = "secret" if source.verify else "topics" if source.is_sealed else ""
    signed = f" Signed: {source.signed_by}; set `{setting}` in `[sources.{source.name}]`." if setting else ""
    parts = [f"### {source.title}\n", f"{source.about}{signed}\n", *map(_example, source.examples)]
    return "\n".join(part for part in parts if part.strip())


def _example(example: Example) -> str:
    note = f"\n{example.note}\n" if example.note else ""
    return f"**{example.shipper}** ({example.proof.value})\n\n```{example.language}\n{example.text}```\n{note}"


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
    sys.stdout.write(f"{PAGE} written\n")
