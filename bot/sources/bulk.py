"""What log lines does an Elasticsearch bulk request hold?

https://www.elastic.co/docs/api/doc/elasticsearch/operation/operation-bulk: lines of JSON, an action before each
document. Tocsin keeps no documents: `create` and `index` count the line, `delete` and `update` are refused one by one.
"""

from collections.abc import Mapping, Sequence
from operator import attrgetter, itemgetter
from typing import Any

import msgspec

from bot.errors import InputError
from bot.logs.objects import records_of
from bot.logs.parse import LineParser
from bot.logs.record import LogRecord
from bot.sources.model import LATE_MAX, Example, Heard, Kind, Posted, Proof, Route, Source
from bot.sources.received import UNKNOWN_SERVICE, at_path, service_like

WRITES = ("index", "create")
ITEMS_MAX = 100_000
SERVICE_PATHS = (
    ("service.name",), ("service", "name"), ("service",), ("fields", "service"), ("kubernetes", "labels", "app"),
    ("kubernetes", "container", "name"), ("container", "name"), ("app",), ("container_name",),
)  # fmt: skip
_DECODER = msgspec.json.Decoder(dict[str, Any])


def decode(posted: Posted) -> Heard:
    """`results` has an entry for each item, in order: the name of its action and index, then what was wrong.

    Raises `InputError` when there is no item at all that can be answered.
    """
    return _all(posted) or decode_each(posted)


def decode_each(posted: Posted) -> Heard:
    """As `decode`, item by item."""
    heard = Heard()
    parsers: dict[str, LineParser] = {}
    actions: dict[bytes, tuple[str, str]] = {}
    lines = iter(posted.body.split(b"\n"))
    for line in lines:
        if not line.strip():
            continue
        if len(heard.results) >= ITEMS_MAX:
            raise InputError(f"there are more than {ITEMS_MAX} items; send fewer at once")
        action = actions.get(line)
        if action is None:
            action = actions[line] = _action(line, posted.path.get("index", ""))
        kind, index = action
        document = next(lines, b"") if kind in WRITES or kind == "update" else b""
        problem = _hear(heard, parsers, document, kind, index, posted)
        if problem:
            whole = line + b"\n" + document if document else line
            heard.reject(f"item {len(heard.results) + 1}", problem, whole)
        heard.results.append(_result(action, problem))
    return heard


def _all(posted: Posted) -> Heard | None:
    """What was heard of a body of plain documents, each with its time, all to be written."""
    lines = posted.body.removesuffix(b"\n").split(b"\n")
    told, documents = lines[::2], lines[1::2]
    actions = {line: _action(line, posted.path.get("index", "")) for line in set(told)}
    if len(documents) != len(told) or len(told) > ITEMS_MAX or not all(kind in WRITES for kind, _ in actions.values()):
        return None
    try:
        found = _DECODER.decode_lines(b"\n".join(documents))
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    if len(found) != len(documents):
        return None
    indexes = [index for _, index in map(actions.__getitem__, told)]
    services, parser = _services(found, indexes, posted.service), LineParser(None, fallback_at=posted.now)
    named = {index: {"index": index} if index else {} for index in set(indexes)}
    records = records_of(found, services, parser, map(named.__getitem__, indexes))
    if records is None or posted.now - min(map(_AT, records)) > LATE_MAX:
        return None
    results = {line: _result(action, "") for line, action in actions.items()}
    return Heard(records, len(records), results=list(map(results.__getitem__, told)))


_AT, _NAMED = attrgetter("at"), itemgetter("service.name")


def _services(documents: Sequence[Mapping[str, Any]], indexes: Sequence[str], otherwise: str) -> list[str]:
    try:
        named = list(map(_NAMED, documents))
    except KeyError:
        named = [""]
    if set(map(type, named)) == {str} and "" not in named:
        services = {name: service_like(name, otherwise or UNKNOWN_SERVICE) for name in set(named)}
        return list(map(services.__getitem__, named))
    return [service_of_document(of, index, otherwise) for of, index in zip(documents, indexes, strict=True)]


def _result(action: tuple[str, str], problem: str) -> str:
    kind, index = action
    return f"{kind or 'index'}\n{index}\n{problem}"


def _action(line: bytes, index: str) -> tuple[str, str]:
    try:
        action = _DECODER.decode(line)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return "", index
    kind, of = next(iter(action.items()), ("", None))
    named = of.get("_index") if isinstance(of, dict) else None
    return kind[:20], str(named or index)[:200]


def _hear(heard: Heard, parsers: dict[str, LineParser], document: bytes, kind: str, index: str, posted: Posted) -> str:
    """What is wrong with an item, or ''."""
    if kind not in WRITES:
        return "the line before a document is no action" if not kind else f"Tocsin keeps no documents to {kind}"
    try:
        fields = _DECODER.decode(document)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        return f"failed to parse: {error}"
    except RecursionError:
        return "failed to parse: nested too deeply"
    service = service_of_document(fields, index, posted.service)
    parser = parsers.get(service)
    if parser is None:
        parser = parsers[service] = LineParser(service, fallback_at=posted.now)
    parsed = parser.parse_fields(fields)
    if parsed.record is None:
        return parsed.problem or "it could not be read"
    if posted.now - parsed.record.at > LATE_MAX:
        return f"it is more than {LATE_MAX.days} days late"
    heard.is_timed = heard.is_timed and not parsed.inherited_time
    told = parsed.record
    attributes = {**told.attributes, "index": index} if index else told.attributes
    heard.records.append(LogRecord(told.at, told.service, told.text, told.level, attributes))
    heard.lines += 1
    return ""


def service_of_document(fields: Mapping[str, Any], index: str, otherwise: str) -> str:
    for path in SERVICE_PATHS:
        found = at_path(fields, *path)
        if isinstance(found, str) and found:
            return service_like(found, otherwise or UNKNOWN_SERVICE)
    return service_like(otherwise or index or UNKNOWN_SERVICE)


_FILEBEAT = """\
output.elasticsearch:
  hosts: ["{url}"]
  api_key: "tocsin:{token}"
  compression_level: 1
setup.template.enabled: false
setup.ilm.enabled: false
"""
_RSYSLOG = """\
module(load="omelasticsearch")
template(name="tocsin" type="list" option.jsonf="on") {
  property(outname="@timestamp" name="timereported" dateFormat="rfc3339" format="jsonf")
  property(outname="service.name" name="programname" format="jsonf")
  property(outname="level" name="syslogseverity-text" format="jsonf")
  property(outname="host" name="hostname" format="jsonf")
  property(outname="message" name="msg" format="jsonf")
}
template(name="tocsin-again" type="string" string="%$!all-json-plain%")
ruleset(name="tocsin-again" queue.type="LinkedList" queue.dequeueBatchSize="1" queue.dequeueSlowdown="20000") {
  action(type="omelasticsearch" server="127.0.0.1" serverport="8321" template="tocsin-again" searchIndex="logs"
         searchType="" bulkmode="on" uid="tocsin" pwd="{token}" action.resumeRetryCount="-1" action.resumeInterval="2"
         retryfailures="on" retryruleset="tocsin-again" ratelimit.interval="0")
}
action(type="omelasticsearch" server="127.0.0.1" serverport="8321" template="tocsin" searchIndex="logs"
       searchType="" bulkmode="on" uid="tocsin" pwd="{token}" queue.type="LinkedList" queue.dequeueBatchSize="1"
       action.resumeRetryCount="-1" action.resumeInterval="2"
       retryfailures="on" retryruleset="tocsin-again" ratelimit.interval="0")
"""
_LOGSTASH = """\
output {
  elasticsearch {
    hosts => ["{url}"]
    api_key => "tocsin:{token}"
    manage_template => false
    ilm_enabled => false
    data_stream => false
    index => "logs"
  }
}
"""
_FLUENT_BIT = """\
pipeline:
  outputs:
    - name: es
      match: "*"
      host: tocsin.example.org
      port: 8321
      index: logs
      suppress_type_name: on
      http_user: tocsin
      http_passwd: {token}
"""
_PYTHON = """\
import time

from elasticsearch import ApiError, Elasticsearch, TransportError, helpers

client = Elasticsearch("{url}", basic_auth=("tocsin", "{token}"))


def send(documents):
    while True:  # until they are taken; what is sent again as it was counts once
        try:
            return helpers.bulk(client, documents)
        except (ApiError, TransportError) as error:
            if isinstance(error, ApiError) and error.status_code not in (429, 502, 503, 504):
                raise
        time.sleep(2)


send([{"_index": "logs", "@timestamp": at, "service.name": "checkout", "message": line} for at, line in lines])
"""
_JS = """\
import { Client } from '@elastic/elasticsearch'
const client = new Client({ node: '{url}', auth: { username: 'tocsin', password: '{token}' } })

async function send(documents) {
  const operations = documents.flatMap((document) => [{ index: { _index: 'logs' } }, document])
  for (;;) { // until they are taken; what is sent again as it was counts once
    try {
      return await client.bulk({ operations })
    } catch (error) {
      if (![429, 502, 503, 504, undefined].includes(error.statusCode)) throw error
    }
    await new Promise((again) => setTimeout(again, 2000))
  }
}

await send(lines.map(({ at, message }) => ({ '@timestamp': at, 'service.name': 'checkout', message })))
"""

SOURCE = Source(
    name="bulk",
    title="Elasticsearch bulk",
    kind=Kind.LOGS,
    decode=decode,
    routes=(Route("POST", "/_bulk"), Route("PUT", "/_bulk"), Route("POST", "/{index}/_bulk"),
            Route("PUT", "/{index}/_bulk")),
    content_types=("application/x-ndjson", "application/json", "application/vnd.elasticsearch+x-ndjson",
                   "application/vnd.elasticsearch+json"),
    fixture="bulk.ndjson",
    about="The service is `service.name`, `service`, the container's name, or else the index. Documents are counted, "
    "not kept: there is no search.",
    examples=(
        Example("elasticsearch-py", "python", _PYTHON, Proof.REAL),
        Example("@elastic/elasticsearch", "js", _JS, Proof.REAL),
        Example("rsyslog (omelasticsearch)", "rsyslog", _RSYSLOG, Proof.REAL,
                "It sends again what Tocsin refuses, one record at a time, because rsyslog 8.2302 sends only the first "
                "refused record of a batch again. What a proxy in between refuses without Elasticsearch's words it "
                "drops: syslog over TCP has no such holes and is faster."),
        Example("Filebeat", "yaml", _FILEBEAT, Proof.DOCUMENTED),
        Example("Logstash", "logstash", _LOGSTASH, Proof.DOCUMENTED),
        Example("Fluent Bit", "yaml", _FLUENT_BIT, Proof.DOCUMENTED),
    ),
)  # fmt: skip
