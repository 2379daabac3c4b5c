"""Which figures does a server of models expose to Prometheus? Ready queries, by the names of its documentation.

A preset gives several series: how many requests, how long they take, and which share fails where the server counts
that. Each model is a series of its own, and is the service.
"""

from collections.abc import Mapping
from typing import Any

MATCH = "$match"
"""Where a section's own matchers go."""
_REQUESTS = {"unit": "requests/s", "smallest_change": 0.1}
_LATENCY = {"unit": "ms", "worse": "up", "smallest_change": 5.0}
_FAILURES = {"unit": "%", "worse": "up", "smallest_change": 1.0}


def _rate(metric: str, by: str, only: str = "") -> str:
    selected = ",".join(filter(None, (only, MATCH)))
    return f"sum by ({by}) (rate({metric}{{{selected}}}[5m]))"


def _mean(total: str, count: str, by: str, to_ms: str) -> str:
    """A cumulative time by the requests that took it."""
    return f"{_rate(total, by)} / {_rate(count, by)} {to_ms}"


def _preset(by: str, requests: str, latency: str, failures: str = "") -> Mapping[str, Mapping[str, Any]]:
    common = {"service_label": by}
    found = {
        "requests": {**common, **_REQUESTS, "query": requests},
        "latency": {**common, **_LATENCY, "query": latency},
    }
    return {**found, "failures": {**common, **_FAILURES, "query": failures}} if failures else found


def _share(failed: str, all_of: str) -> str:
    """In percent; none failed is 0 and not nothing."""
    return f"100 * ({failed} or 0 * ({all_of})) / ({all_of})"


_TRITON_GOOD, _TRITON_BAD = (
    _rate("nv_inference_request_success", "model"),
    _rate("nv_inference_request_failure", "model"),
)
_TF_ALL = _rate(":tensorflow:serving:request_count", "model_name")
_TF_BAD = _rate(":tensorflow:serving:request_count", "model_name", 'status!="OK"')

PRESETS: Mapping[str, Mapping[str, Mapping[str, Any]]] = {
    # https://docs.nvidia.com/deeplearning/triton-inference-server/user-guide/docs/user_guide/metrics.html
    "triton": _preset(
        "model",
        _TRITON_GOOD,
        _mean("nv_inference_request_duration_us", "nv_inference_request_success", "model", "/ 1000"),
        _share(_TRITON_BAD, f"{_TRITON_GOOD} + ({_TRITON_BAD} or 0 * {_TRITON_GOOD})"),
    ),
    # https://www.tensorflow.org/tfx/serving/serving_config#monitoring_configuration
    "tf-serving": _preset(
        "model_name",
        _TF_ALL,
        _mean(
            ":tensorflow:serving:request_latency_sum", ":tensorflow:serving:request_latency_count",
            "model_name", "/ 1000",
        ),
        _share(_TF_BAD, _TF_ALL),
    ),
    # https://pytorch.org/serve/metrics.html
    "torchserve": _preset(
        "model_name",
        _rate("ts_inference_requests_total", "model_name"),
        _mean("ts_inference_latency_microseconds", "ts_inference_requests_total", "model_name", "/ 1000"),
    ),
    # https://kserve.github.io/website/docs/model-serving/predictive-inference/observability/prometheus-metrics
    "kserve": _preset(
        "model_name",
        _rate("request_predict_seconds_count", "model_name"),
        _mean("request_predict_seconds_sum", "request_predict_seconds_count", "model_name", "* 1000"),
    ),
    # https://docs.seldon.ai/seldon-core-1/configuration/integrations/analytics
    "seldon": _preset(
        "deployment_name",
        _rate("seldon_api_executor_server_requests_seconds_count", "deployment_name"),
        _mean(
            "seldon_api_executor_server_requests_seconds_sum", "seldon_api_executor_server_requests_seconds_count",
            "deployment_name", "* 1000",
        ),
    ),
    # https://docs.seldon.ai/seldon-core-2/user-guide/operational-monitoring/operational
    "seldon-2": _preset(
        "model",
        _rate("seldon_model_infer_total", "model"),
        _mean("seldon_model_infer_seconds_total", "seldon_model_infer_total", "model", "* 1000"),
    ),
}  # fmt: skip


def unfolded(series: Mapping[str, Any]) -> dict[str, Any]:
    """`[watch.series]` with the series of each preset in its place, called NAME-FIGURE. What a section says beside
    `preset` and `match` holds for all of its series. Raises `ValueError`."""
    found: dict[str, Any] = {}
    for name, section in series.items():
        if not isinstance(section, Mapping) or "preset" not in section:
            found[name] = section
            continue
        preset = PRESETS.get(str(section["preset"]))
        if preset is None:
            raise ValueError(f"series.{name}.preset: there is no {section['preset']!r} (known: {', '.join(PRESETS)})")
        if "query" in section:
            raise ValueError(f"series.{name}.query: a preset brings its queries; leave one of the two out")
        match = str(section.get("match", ""))
        said = {key: value for key, value in section.items() if key not in ("preset", "match")}
        for figure, ready in preset.items():
            found[f"{name}-{figure}"] = {**ready, **said, "query": _with_match(str(ready["query"]), match)}
    return found


def _with_match(query: str, match: str) -> str:
    return query.replace(MATCH, match) if match else query.replace("," + MATCH, "").replace(MATCH, "")
