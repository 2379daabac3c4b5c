"""Does the SageMaker connector keep its contract on a real moto server, and does it say and sign what AWS documents?

Every request is held against AWS' published model of SageMaker (botocore has it).
"""

import hashlib
import hmac
import importlib
import itertools
import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from bot.actions.model import Action, ActionKind, Done, Plan
from bot.errors import ConnectorError, InputError, Refused
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.faulty import Answer, Asked, served
from tests.heavy.servers import running

HERE = Path(__file__).parent
REGION, ACCESS_KEY, SECRET, TOKEN = "eu-central-1", "AKIDEXAMPLE", "wJalrXUtnFEMI/K7MDENG", "session-token-77"
OPTIONS = {"region": REGION, "access_key": ACCESS_KEY, "secret_key": SECRET, "session_token": TOKEN}
UPDATES = frozenset({"UpdateEndpoint", "UpdateEndpointWeightsAndCapacities"})
_ROLE = "arn:aws:iam::123456789012:role/sagemaker"


@dataclass
class Moto:
    """`churn` runs churn-7; churn-6 and churn-5 were made before, churn-bad does not start. `ab` has two variants."""

    client: httpx.Client
    check: Callable[[str, Mapping[str, Any]], None]

    def call(self, operation: str, **fields: Any) -> dict[str, Any]:
        scope = f"Credential={ACCESS_KEY}/20261121/{REGION}/sagemaker/aws4_request"
        headers = {
            "Content-Type": "application/x-amz-json-1.1",
            "X-Amz-Target": f"SageMaker.{operation}",
            "Authorization": f"AWS4-HMAC-SHA256 {scope}, SignedHeaders=host, Signature=0",
        }
        got = self.client.post("/", json=fields, headers=headers)
        got.raise_for_status()
        found: dict[str, Any] = got.json() if got.content.strip() else {}
        return found

    def seeded(self) -> None:
        self.client.post("/moto-api/reset").raise_for_status()
        for number in ("5", "6", "7", "bad"):
            model = "does-not-start" if number == "bad" else f"churn-model-{number}"
            self.call("CreateModel", ModelName=model, ExecutionRoleArn=_ROLE, PrimaryContainer={"Image": "churn"})
            self._config(f"churn-{number}", AllTraffic=(model, 1.0))
        self._config("ab-1", champion=("churn-model-6", 9.0), challenger=("churn-model-7", 1.0))
        for name, config in (("churn", "churn-7"), ("ab", "ab-1")):
            self.call("CreateEndpoint", EndpointName=name, EndpointConfigName=config)

    def _config(self, name: str, **variants: tuple[str, float]) -> None:
        machine = {"InitialInstanceCount": 2, "InstanceType": "ml.m5.large"}
        shown = [
            {"VariantName": variant, "ModelName": model, "InitialVariantWeight": weight, **machine}
            for variant, (model, weight) in variants.items()
        ]
        self.call("CreateEndpointConfig", EndpointConfigName=name, ProductionVariants=shown)

    def state(self, endpoint: str = "churn") -> object:
        """Reading moves an update on, so only what has no clock is compared."""
        found = self.call("DescribeEndpoint", EndpointName=endpoint)
        tags = self.call("ListTags", ResourceArn=found["EndpointArn"])["Tags"]
        return [found["EndpointConfigName"], found["ProductionVariants"], found["EndpointStatus"], tags]

    def answer(self, asked: Asked, updated: list[str]) -> Answer:
        operation = asked.headers["X-Amz-Target"].removeprefix("SageMaker.")
        self.check(operation, asked.body)
        headers = {name: asked.headers[name] for name in ("X-Amz-Target", "Authorization", "Content-Type")}
        got = self.client.post("/", content=asked.content, headers=headers)
        if got.status_code == 200 and operation in UPDATES:
            updated.append(operation)
        return Answer(got.status_code, got.json() if got.content.strip() else None)


@pytest.fixture(scope="session")
def connector(extras: Path) -> ModuleType:
    return importlib.import_module("bot.connectors.sagemaker")


@pytest.fixture(scope="session")
def moto(extras: Path, connector: ModuleType, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    log = tmp_path_factory.mktemp("moto") / "log"
    server = running([str(extras), str(HERE / "moto_server.py")], {"PATH": "/usr/bin:/bin"}, log)
    with server, httpx.Client(base_url=_url(log), timeout=30, trust_env=False) as client:
        yield Moto(client, _checked())


def _url(log: Path) -> str:
    for _ in range(600):
        found = re.search(r"^port (\d+)$", log.read_text(), re.M)
        if found:
            return f"http://127.0.0.1:{found[1]}"
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _checked() -> Callable[[str, Mapping[str, Any]], None]:
    """Refuses what AWS' published model of SageMaker does not know."""
    loader = importlib.import_module("botocore.loaders").Loader()
    model = importlib.import_module("botocore.model").ServiceModel(loader.load_service_model("sagemaker", "service-2"))
    validator = importlib.import_module("botocore.validate").ParamValidator()

    def check(operation: str, body: Mapping[str, Any]) -> None:
        report = validator.validate(body, model.operation_model(operation).input_shape)
        assert not report.has_errors(), report.generate_report()

    return check


def action(kind: ActionKind, **target: str) -> Action:
    return Action(f"{kind}-churn", kind, "churn", "aws", {"endpoint": "churn", **target})


ROLLBACK, PROMOTE = action(ActionKind.MODEL_ROLLBACK), action(ActionKind.MODEL_PROMOTE)
SHARE_ROLLBACK = action(ActionKind.MODEL_ROLLBACK, endpoint="ab", variant="challenger")
SHARE_PROMOTE = action(ActionKind.MODEL_PROMOTE, endpoint="ab", variant="challenger")
CASES = {
    "rollback": (ROLLBACK, {}),
    "share-promote": (SHARE_PROMOTE, {"percent": "50"}),
}


@pytest.fixture(params=CASES)
def opened(request: pytest.FixtureRequest, moto: Moto, connector: ModuleType) -> Opened:
    meant, parameters = CASES[request.param]
    endpoint = meant.target["endpoint"]

    def disturb() -> None:
        if "variant" in meant.target:
            weights = [{"VariantName": "champion", "DesiredWeight": 3.0}]
            moto.call("UpdateEndpointWeightsAndCapacities", EndpointName=endpoint, DesiredWeightsAndCapacities=weights)
        else:
            moto.call("UpdateEndpoint", EndpointName=endpoint, EndpointConfigName="churn-6")
        while moto.call("DescribeEndpoint", EndpointName=endpoint)["EndpointStatus"] != "InService":
            pass

    @contextmanager
    def open_() -> Iterator[Bench]:
        moto.seeded()
        updated = list[str]()
        with served(lambda asked: moto.answer(asked, updated)) as faulty:
            yield Bench(
                faulty,
                lambda: connector.executor("aws", {"url": faulty.url, "timeout_s": 5, **OPTIONS}),
                meant,
                parameters,
                state=lambda: moto.state(endpoint),
                effects=lambda: len(updated),
                secrets=(SECRET, TOKEN),
                disturb=disturb,
                goes_on=True,
                can_be_stopped=False,
            )

    return open_


@pytest.fixture
def bench(opened: Opened) -> Iterator[Bench]:
    with opened() as made:
        yield made


test_a_plan_changes_nothing_and_says_the_same_twice = contract.test_a_plan_changes_nothing_and_says_the_same_twice
test_a_run_has_its_effect = contract.test_a_run_has_its_effect
test_the_same_key_twice_has_one_effect = contract.test_the_same_key_twice_has_one_effect
test_what_was_not_done_is_not_found = contract.test_what_was_not_done_is_not_found_and_what_was_is
test_killed_between_any_two_requests_it_has_one_effect = contract.test_killed_between_any_two_requests_it_has_one_effect
test_a_fault_is_worded = contract.test_a_fault_is_worded_and_only_what_may_pass_is_tried_again
test_after_a_fault_that_passed = contract.test_after_a_fault_that_passed_the_next_try_does_it_once
test_an_unreachable_backend_may_pass = contract.test_an_unreachable_backend_is_a_fault_that_may_pass
test_a_world_that_moved_is_left_alone = contract.test_a_world_that_moved_since_the_plan_is_left_alone
test_it_is_said_that_it_cannot_be_stopped = contract.test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm
test_nothing_that_is_stored_or_shown_has_a_secret = contract.test_nothing_that_is_stored_or_shown_has_a_secret


@pytest.fixture
def aws(moto: Moto, connector: ModuleType) -> Iterator["Aws"]:
    moto.seeded()
    updated, numbers = list[str](), itertools.count(1)
    with served(lambda asked: moto.answer(asked, updated)) as faulty:
        yield Aws(connector.executor("aws", {"url": faulty.url, "timeout_s": 30, **OPTIONS}), faulty.asked, numbers)


@dataclass
class Aws:
    executor: Any
    asked: list[Asked]
    numbers: Iterator[int]

    def run(self, meant: Action, **parameters: str) -> tuple[Plan, Done, list[str]]:
        plan = self.executor.plan(meant, parameters)
        key, states = f"tocsin-run-{next(self.numbers)}-1", list[str]()
        outcome = self.executor.execute(key, meant, parameters, plan)
        while True:
            outcome_or_progress = self.executor.follow(outcome, meant)
            if isinstance(outcome_or_progress, Done):
                return plan, outcome_or_progress, states
            states.append(outcome_or_progress.state)


def test_a_plan_names_the_configurations_with_their_models_and_says_why(aws: Aws) -> None:
    plan = aws.executor.plan(ROLLBACK, {})
    assert plan.summary == "churn: churn-7 → churn-6"
    assert plan.diff.splitlines() == [
        "-churn = churn-7 (AllTraffic: churn-model-7 on 2 × ml.m5.large)",
        "+churn = churn-6 (AllTraffic: churn-model-6 on 2 × ml.m5.large)",
        "# nobody noted what churn had before; churn-6 was made before churn-7",
    ]
    assert plan.commands == ("update the endpoint churn to churn-6",)
    assert aws.executor.choices(PROMOTE, "version") == ["churn-bad", "churn-6", "churn-5"]


def test_it_is_noted_what_the_endpoint_had_so_that_going_back_twice_goes_back_two(aws: Aws) -> None:
    assert aws.run(PROMOTE, version="churn-5")[1].version == "churn-5"
    _, done, states = aws.run(ROLLBACK)
    assert (done.version, done.previous, done.summary) == ("churn-7", "churn-5", "churn runs churn-7")
    assert set(states) == {"updating"}
    sent = [one.body for one in aws.asked if one.headers["X-Amz-Target"].endswith("AddTags")]
    assert {tag["Key"]: tag["Value"] for tag in sent[0]["Tags"]} == {
        "tocsin:run": "tocsin-run-1-1",
        "tocsin:configs": "churn-7/churn-5",
    }
    assert all(re.fullmatch(r"[\w .:/=+\-@]{0,256}", tag["Value"]) for one in sent for tag in one["Tags"])


def test_a_configuration_that_does_not_start_fails_with_its_reason(aws: Aws) -> None:
    words = "churn is in service with churn-7: The primary container for production variant AllTraffic did not pass"
    with pytest.raises(ConnectorError, match=words) as caught:
        aws.run(PROMOTE, version="churn-bad")
    assert caught.value.permanent


def test_a_share_is_taken_from_the_others_as_they_had_it(aws: Aws) -> None:
    plan, done, _ = aws.run(SHARE_PROMOTE, percent="40")
    assert plan.summary == "ab: challenger 10 % → 40 %"
    assert plan.diff.splitlines() == ["-champion 90 %, challenger 10 %", "+champion 60 %, challenger 40 %"]
    assert done.summary == "challenger of ab has 40 %"
    assert aws.run(SHARE_ROLLBACK)[1].version == "0 %"
    with pytest.raises(InputError, match="challenger of ab has 0 % of the traffic already"):
        aws.executor.plan(SHARE_ROLLBACK, {})


def test_the_capacity_is_kept_where_it_is_asked_for(aws: Aws) -> None:
    aws.run(action(ActionKind.MODEL_ROLLBACK, keep_capacity="yes"))
    sent = next(one.body for one in aws.asked if one.headers["X-Amz-Target"].endswith(".UpdateEndpoint"))
    assert sent["RetainAllVariantProperties"] is True
    assert sent["ExcludeRetainedVariantProperties"] == [{"VariantPropertyType": "DesiredWeight"}]


def test_what_makes_no_sense_is_refused(aws: Aws, moto: Moto) -> None:
    for meant, parameters, error, words in (
        (PROMOTE, {}, InputError, "say which endpoint configuration"),
        (PROMOTE, {"version": "churn-7"}, InputError, "churn runs churn-7 already"),
        (PROMOTE, {"version": "churn-99"}, ConnectorError, "Could not find"),
        (action(ActionKind.MODEL_ROLLBACK, endpoint="nope"), {}, ConnectorError, "Could not find endpoint"),
        (action(ActionKind.MODEL_ROLLBACK, configs="elsewhere"), {}, Refused, "nothing_to_roll_back"),
        (action(ActionKind.MODEL_PROMOTE, endpoint="ab", variant="x"), {}, InputError, "champion, challenger"),
        (SHARE_ROLLBACK, {"version": "ab-1"}, InputError, "no version"),
    ):
        with pytest.raises(error, match=words):
            aws.executor.plan(meant, parameters)
    moto.call("UpdateEndpoint", EndpointName="churn", EndpointConfigName="churn-6")
    with pytest.raises(InputError, match="churn is updating; wait until it is in service"):
        aws.executor.plan(ROLLBACK, {})


def test_what_arrives_is_signed_by_signature_version_4(aws: Aws) -> None:
    """AWS' description of it, read again: create a canonical request, hash it, sign it with the derived key."""
    aws.executor.plan(ROLLBACK, {})
    for asked in aws.asked:
        headers = {name.lower(): value.strip() for name, value in asked.headers.items()}
        found = re.fullmatch(
            r"AWS4-HMAC-SHA256 Credential=(\w+)/(\d{8})/([\w-]+)/sagemaker/aws4_request, "
            r"SignedHeaders=([\w;-]+), Signature=([0-9a-f]{64})",
            headers["authorization"],
        )
        assert found
        key_id, day, region, names, signature = found.groups()
        assert (key_id, region, headers["x-amz-security-token"]) == (ACCESS_KEY, REGION, TOKEN)
        assert {"host", "x-amz-date", "x-amz-security-token", "x-amz-target", "content-type"} <= set(names.split(";"))
        signed = "".join(f"{name}:{headers[name]}\n" for name in names.split(";"))
        body = hashlib.sha256(asked.content).hexdigest()
        request = f"POST\n/\n\n{signed}\n{names}\n{body}"
        scope = f"{day}/{region}/sagemaker/aws4_request"
        hashed = hashlib.sha256(request.encode()).hexdigest()
        to_sign = f"AWS4-HMAC-SHA256\n{headers['x-amz-date']}\n{scope}\n{hashed}"
        key = f"AWS4{SECRET}".encode()
        for part in (day, region, "sagemaker", "aws4_request"):
            key = hmac.digest(key, part.encode(), "sha256")
        assert hmac.new(key, to_sign.encode(), "sha256").hexdigest() == signature


@pytest.mark.parametrize(("type_", "permanent"), [("ThrottlingException", False), ("ValidationException", True)])
def test_being_asked_too_often_may_pass_although_aws_says_400(
    connector: ModuleType, type_: str, permanent: bool
) -> None:
    body = {"__type": f"com.amazon.coral.availability#{type_}", "message": "Rate exceeded"}
    with served(lambda asked: Answer(400, body)) as faulty:
        executor = connector.executor("aws", {"url": faulty.url, **OPTIONS})
        with pytest.raises(ConnectorError, match="Rate exceeded") as caught:
            executor.plan(ROLLBACK, {})
    assert caught.value.permanent is permanent


def test_the_credentials_of_a_role_are_found_as_awss_own_tools_find_them(
    connector: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """A container's role, whose credentials are at an address that its environment says."""
    given = {
        "AccessKeyId": "ASIAROLE",
        "SecretAccessKey": "of-a-role",
        "Token": "t-1",
        "Expiration": "2099-01-01T00:00:00Z",
    }
    asked_for_role = list[str]()

    def answer(asked: Asked) -> Answer:
        if asked.path == "/role":
            asked_for_role.append(asked.headers["Authorization"])
            return Answer(200, given)
        return Answer(
            403, {"message": f"not {asked.headers['Authorization'][:50]} {asked.headers['X-Amz-Security-Token']}"}
        )

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_CONFIG_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(tmp_path / "none"))
    monkeypatch.setenv("AWS_CONTAINER_AUTHORIZATION_TOKEN", "of-the-container")
    with served(answer) as faulty:
        monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{faulty.url}/role")
        executor = connector.executor("aws", {"url": faulty.url, "region": REGION})
        with pytest.raises(ConnectorError, match=r"Credential=ASIAROLE.* \*\*\*"):
            executor.plan(ROLLBACK, {})
    assert asked_for_role == ["of-the-container"]


@pytest.mark.parametrize(
    ("region", "url"),
    [
        ("eu-central-1", "https://api.sagemaker.eu-central-1.amazonaws.com"),
        ("cn-north-1", "https://api.sagemaker.cn-north-1.amazonaws.com.cn"),
    ],
)
def test_the_address_is_the_regions(connector: ModuleType, region: str, url: str) -> None:
    assert connector.Options.model_validate({"region": region}).url == url
