"""What does Great Expectations say of a batch? A validation result, or a checkpoint's result with several.

https://docs.greatexpectations.io/docs/reference/api/core/ExpectationSuiteValidationResult_class/
"""

import json
from collections.abc import Iterator, Mapping
from datetime import datetime
from typing import Any

from bot.errors import InputError
from bot.sources.model import Example, Heard, Kind, Measured, Posted, Proof, Source
from bot.sources.received import at_path, decoded_object, figure, first_text, moment, objects, service_like, text

NAME = "expectations"
Result = Mapping[str, Any]


def decode(posted: Posted) -> Heard:
    body = decoded_object(posted.body)
    heard = Heard()
    found = list(_results(body))
    if not found:
        raise InputError("it holds no validation result: there is no list 'results' in it")
    for result in found:
        _hear(heard, result, posted)
    return heard


def _results(body: Result) -> Iterator[Result]:
    inner = at_path(body, "run_results")
    if isinstance(inner, dict):
        for told in list(inner.values())[:200]:
            result = told.get("validation_result", told) if isinstance(told, dict) else None
            if isinstance(result, dict) and isinstance(result.get("results"), list):
                yield result
    elif isinstance(body.get("results"), list):
        yield body


def _hear(heard: Heard, result: Result, posted: Posted) -> None:
    meta = at_path(result, "meta")
    subject = first_text(
        meta, ("active_batch_definition", "data_asset_name"), ("batch_spec", "table_name"), "expectation_suite_name"
    ) or first_text(result, "asset_name", "suite_name")
    subject = subject or "data"
    at = moment(meta, "run_id", "run_time") or moment(meta, "validation_time") or posted.now
    run = first_text(meta, ("run_id", "run_name"), "validation_id") or at.isoformat()
    for index, item in objects(result, "results", most=5_000):
        measured = _measured(item, f"{NAME}:{subject}:{run}:{at.isoformat()}:{index}", subject, at, posted)
        if measured is None:
            heard.reject(f"results[{index}]", "it says neither success nor failure", json.dumps(item).encode())
        else:
            heard.measured.append(measured)


def _measured(item: Result, key: str, subject: str, at: datetime, posted: Posted) -> Measured | None:
    passed = at_path(item, "success")
    if not isinstance(passed, bool):
        return None
    config = at_path(item, "expectation_config")
    column = text(config, "kwargs", "column")
    name = first_text(config, "expectation_type", "type") or "expectation"
    return Measured(
        key=key[:200],
        service=posted.service or service_like(subject),
        subject=subject[:300],
        name=(f"{name}({column})" if column else name)[:300],
        at=min(at, posted.now),
        value=figure(item, "result", "unexpected_percent"),
        passed=passed,
        detail=first_text(item, ("exception_info", "exception_message"), ("result", "details")),
        source=NAME,
    )


_PYTHON = """\
result = checkpoint.run()
requests.post(
    "{url}/v1/hooks/expectations",
    headers={"Authorization": "Bearer {token}"},
    timeout=10,
    json={"run_results": {str(key): value.to_json_dict() for key, value in result.run_results.items()}},
)
"""

SOURCE = Source(
    name=NAME,
    title="Great Expectations",
    kind=Kind.PIPELINES,
    decode=decode,
    fixture="expectations.json",
    about="The service is the data asset; each expectation is a figure that passed or did not.",
    examples=(Example("after a checkpoint", "python", _PYTHON, Proof.REAL),),
)
