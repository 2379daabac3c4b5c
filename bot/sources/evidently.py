"""What does an Evidently report say of data and models? The JSON of a snapshot, of version 0.7 or newer.

https://docs.evidentlyai.com/docs/library/report: its metrics are figures; its tests say whether they passed.
"""

from collections.abc import Mapping
from typing import Any

from bot.errors import InputError
from bot.sources.model import Example, Heard, Kind, Measured, Posted, Proof, Source
from bot.sources.received import at_path, decoded_object, figure, moment, objects, service_like, text

NAME = "evidently"
UNTOLD = "model"
_PASSED = {"SUCCESS": True, "WARNING": True, "FAIL": False, "ERROR": False}
Part = Mapping[str, Any]


def decode(posted: Posted) -> Heard:
    """The header `X-Tocsin-Subject` (or the source's `service`) says which model or data set the report is about."""
    body = decoded_object(posted.body)
    if not isinstance(body.get("metrics"), list):
        raise InputError("it is no Evidently report: there is no list 'metrics' in it")
    subject = posted.headers.get("x-tocsin-subject", "") or posted.service or text(body, "name") or UNTOLD
    at = moment(body, "timestamp") or posted.now
    heard = Heard()
    tested = {text(test, "metric_config", "metric_id") for _, test in objects(body, "tests", most=2_000)}
    for _, metric in objects(body, "metrics", most=2_000):
        if text(metric, "id") not in tested:
            told = _figures(metric)
            heard.measured += [_measured(posted, subject, name, at, value, None, "") for name, value in told]
    values = {text(metric, "id"): dict(_figures(metric)) for _, metric in objects(body, "metrics", most=2_000)}
    for index, test in objects(body, "tests", most=2_000):
        passed = _PASSED.get(text(test, "status").upper().rpartition(".")[2])
        if passed is None:
            heard.reject(f"tests[{index}]", f"its status is {text(test, 'status')!r}")
            continue
        figures = values.get(text(test, "metric_config", "metric_id"), {})
        shares = [number for key, number in figures.items() if len(figures) == 1 or key.endswith(".share")]
        value = shares[0] if shares else None
        name = text(test, "name")
        heard.measured.append(_measured(posted, subject, name, at, value, passed, text(test, "description")))
    return heard


def _figures(metric: Part) -> list[tuple[str, float]]:
    name = text(metric, "metric_name") or text(metric, "metric_id")
    value = at_path(metric, "value")
    if isinstance(value, dict):
        found = [(f"{name}.{key}", item) for key, item in list(value.items())[:50]]
    else:
        found = [(name, value)]
    numbers = [(key, figure(item)) for key, item in found]
    return [(key, number) for key, number in numbers if number is not None]


def _measured(
    posted: Posted, subject: str, name: str, at: Any, value: float | None, passed: bool | None, detail: str
) -> Measured:
    key = f"{NAME}:{subject}:{at.isoformat()}:{name}"[:200]
    service = posted.service or service_like(subject)
    return Measured(key, service, subject[:300], name[:300], min(at, posted.now), value, passed, detail, NAME)


_PYTHON = """\
snapshot = Report([DataDriftPreset()], include_tests=True).run(current, reference)
httpx.post(
    "{url}/v1/hooks/evidently",
    content=snapshot.json(),
    timeout=10,
    headers={"Authorization": "Bearer {token}", "Content-Type": "application/json", "X-Tocsin-Subject": "churn"},
)
"""

SOURCE = Source(
    name=NAME,
    title="Evidently reports",
    kind=Kind.MODELS,
    decode=decode,
    fixture="evidently.json",
    fixture_headers={"x-tocsin-subject": "churn"},
    about="The header X-Tocsin-Subject names the model or data set. A test that fails is a signal until it passes.",
    examples=(Example("after a report", "python", _PYTHON, Proof.REAL, "Evidently 0.7.23 needs a pandas before 3."),),
)
