"""Do the ready queries find what model servers expose? On a real Prometheus that holds the documented names."""

from collections.abc import Iterator, Mapping
from datetime import timedelta

import pytest
from pydantic import ValidationError

from bot.checks.declared import SeriesSettings, WatchSettings
from bot.checks.presets import PRESETS
from tests.watch.test_prometheus import BEGAN, MINUTE, read, serving

MINUTES = 60
# What each server counts in a minute, for a model that is asked 120 times and takes 25 ms; 6 of the 120 fail.
EXPOSED: Mapping[str, Mapping[str, float]] = {
    "triton": {
        'nv_inference_request_success{model="churn",version="1"}': 114,
        'nv_inference_request_failure{model="churn",version="1",reason="OTHER"}': 6,
        'nv_inference_request_duration_us{model="churn",version="1"}': 114 * 25_000,
    },
    "tf-serving": {
        ':tensorflow:serving:request_count{model_name="churn",status="OK"}': 114,
        ':tensorflow:serving:request_count{model_name="churn",status="INVALID_ARGUMENT"}': 6,
        ':tensorflow:serving:request_latency_sum{model_name="churn",API="predict",entrypoint="REST"}': 120 * 25_000,
        ':tensorflow:serving:request_latency_count{model_name="churn",API="predict",entrypoint="REST"}': 120,
    },
    "torchserve": {
        'ts_inference_requests_total{model_name="churn",model_version="default",hostname="h"}': 120,
        'ts_inference_latency_microseconds{model_name="churn",model_version="default",hostname="h"}': 120 * 25_000,
    },
    "kserve": {
        'request_predict_seconds_sum{model_name="churn"}': 120 * 0.025,
        'request_predict_seconds_count{model_name="churn"}': 120,
    },
    "seldon": {
        'seldon_api_executor_server_requests_seconds_sum{deployment_name="churn",predictor_name="p"}': 120 * 0.025,
        'seldon_api_executor_server_requests_seconds_count{deployment_name="churn",predictor_name="p"}': 120,
    },
    "seldon-2": {
        'seldon_model_infer_total{model="churn",code="200"}': 120,
        'seldon_model_infer_seconds_total{model="churn",code="200"}': 120 * 0.025,
    },
}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """An hour of all servers: `churn`, and `spam` in another namespace, asked twice as often, which never fails."""
    lines = []
    for exposed in EXPOSED.values():
        for series, in_a_minute in exposed.items():
            lines += _counted(series.replace("}", ',namespace="ml"}'), in_a_minute)
            if "failure" not in series and "INVALID" not in series:
                lines += _counted(series.replace("churn", "spam").replace("}", ',namespace="x"}'), 2 * in_a_minute)
    with serving(tmp_path_factory.mktemp("presets"), lines) as url:
        yield url


def _counted(series: str, in_a_minute: float) -> list[str]:
    return [
        f"{series} {minute * in_a_minute:g} {(BEGAN + minute * MINUTE).timestamp():.0f}" for minute in range(MINUTES)
    ]


def declared(preset: str, **said: object) -> Mapping[str, SeriesSettings]:
    settings = {
        "prometheus": {"main": {"url": "http://p"}},
        "series": {"m": {"source": "main", "preset": preset, **said}},
    }
    return WatchSettings.model_validate(settings).series


@pytest.mark.parametrize("preset", PRESETS)
def test_each_figure_of_a_preset_is_what_the_server_counted(server: str, preset: str) -> None:
    until = BEGAN + timedelta(minutes=40)
    found = {}
    for name, series in declared(preset).items():
        for one in read(server, series.query, until - MINUTE, until):
            found[name, one.labels[series.service_label]] = one.points[-1][1]
    good = {"triton": 114}.get(preset, 120) / 60
    assert found.pop(("m-requests", "churn")) == pytest.approx(good)
    assert found.pop(("m-latency", "churn")) == pytest.approx(25)
    if preset in ("triton", "tf-serving"):
        assert found.pop(("m-failures", "churn")) == pytest.approx(5)
        assert found.pop(("m-failures", "spam")) == 0
    assert {name for name, _ in found} == {"m-requests", "m-latency"}
    assert {service for _, service in found} == {"spam"}


@pytest.mark.parametrize("preset", PRESETS)
def test_a_preset_keeps_to_its_match(server: str, preset: str) -> None:
    until = BEGAN + timedelta(minutes=40)
    for series in declared(preset, match='namespace="ml"').values():
        read_ones = read(server, series.query, until - MINUTE, until)
        assert [one.labels[series.service_label] for one in read_ones] == ["churn"]


def test_a_section_may_say_more_than_its_preset() -> None:
    series = declared("kserve", service="models", every_s=300)
    assert {name: (one.service, one.every_s, one.unit) for name, one in series.items()} == {
        "m-requests": ("models", 300, "requests/s"), "m-latency": ("models", 300, "ms")
    }  # fmt: skip


def test_an_unknown_preset_and_a_query_beside_one_are_said_in_words() -> None:
    with pytest.raises(ValidationError, match=r"series\.m\.preset: there is no 'bento' \(known: triton, "):
        declared("bento")
    with pytest.raises(ValidationError, match=r"series\.m\.query: a preset brings its queries"):
        declared("triton", query="up")
