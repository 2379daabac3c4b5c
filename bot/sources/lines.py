"""Tocsin's own two inputs, for the registry: lines at /v1/ingest, files by `tocsin tail`.

They are read as a stream by `handlers/http/ingest.py`; `decode` here is the same for one body that is held whole.
"""

from bot.logs.texts import Texts
from bot.sources.model import Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE


def decode(posted: Posted) -> Heard:
    """Never `is_timed`: a text whose lines are of whole seconds may well be sent twice and meant twice."""
    texts = Texts(posted.path.get("service") or posted.service or UNKNOWN_SERVICE, fallback_at=posted.now)
    lines = [line.rstrip("\r") for line in posted.body.decode("utf-8", "replace").split("\n") if line.strip()]
    records = texts.feed(lines) + texts.flush()
    return Heard(records, len(lines), is_timed=False)


_CURL = """\
curl --retry 100 --retry-connrefused --fail --data-binary @app.log -H 'Content-Type: text/plain' \\
  -H 'Authorization: Bearer {token}' -H "Idempotency-Key: $(sha256sum < app.log | cut -c1-32)" {url}/v1/ingest/checkout
"""
_SYSLOG_NG = """\
destination d_tocsin {
  http(url("{url}/v1/ingest/checkout") method("POST") batch-lines(200) batch-timeout(1000)
       retries(10000) time-reopen(2) frac-digits(6)
       headers("Authorization: Bearer {token}", "Content-Type: application/x-ndjson")
       body("$(format-json --pair ts=$ISODATE --pair message=$MESSAGE --pair level=$LEVEL --pair host=$HOST)\\n"));
};
"""
_VECTOR = """\
sinks:
  tocsin:
    type: http
    inputs: ["your_logs"]
    uri: {url}/v1/ingest/checkout
    method: post
    compression: zstd
    framing: {method: newline_delimited}
    encoding: {codec: json}
    auth: {strategy: bearer, token: "{token}"}
"""

SOURCE = Source(
    name="lines",
    title="Lines over HTTP",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("POST", "/v1/ingest/{service}"),),
    content_types=("text/plain", "application/x-ndjson", "application/json"),
    fixture="lines.txt",
    about="Text, ndjson or a JSON array. With an `Idempotency-Key` a batch that is sent again counts once.",
    examples=(
        Example("curl", "sh", "curl --data-binary @app.log -H 'Content-Type: text/plain' "
                "-H 'Authorization: Bearer {token}' {url}/v1/ingest/checkout\n", Proof.REAL),
        Example("curl, until it is taken", "sh", _CURL, Proof.REAL, "Sent again under the same key it counts once."),
        Example("a file that grows", "sh", "tocsin tail /var/log/app.log --service checkout "
                "--url {url} --token {token}\n", Proof.REAL),
        Example("Kubernetes", "sh", "kubectl logs --follow deployment/checkout | "
                "tocsin tail - --service checkout --url {url} --token {token}\n", Proof.REAL),
        Example("syslog-ng http()", "syslog-ng", _SYSLOG_NG, Proof.REAL),
        Example("Vector", "yaml", _VECTOR, Proof.DOCUMENTED),
    ),
)  # fmt: skip
