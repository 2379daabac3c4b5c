"""Are nodes converged by a signed request, and is it said which failed and why?"""

import importlib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import ModuleType
from typing import Any

import httpx
import pytest

from bot.actions.model import Action, ActionKind, Started
from bot.connectors import ActingConnector
from bot.errors import ConnectorError, InputError
from tests.connectors import test_contract as contract
from tests.connectors.bench import Bench, Opened
from tests.connectors.bench import opened as a_bench
from tests.connectors.faulty import Asked
from tests.connectors.runs import connected, followed

CONVERGE = Action("converge", ActionKind.COMMAND, "cache", "there", {"nodes": "cache-1, cache-2"})


@pytest.fixture(scope="session")
def chef(extras: Path) -> ModuleType:
    return importlib.import_module("bot.connectors.chef")


@pytest.fixture(scope="session")
def fakes(extras: Path) -> ModuleType:
    return importlib.import_module("tests.connectors.fake_chef")


@pytest.fixture(scope="session")
def options(fakes: ModuleType) -> Mapping[str, str]:
    return {"organization": fakes.ORGANIZATION, "user": fakes.USER, "key": fakes.PEM}


@pytest.fixture
def opened(chef: ActingConnector, fakes: ModuleType, options: Mapping[str, str]) -> Opened:
    made = a_bench(
        chef,
        fakes.FakeChef,
        CONVERGE,
        {},
        (fakes.PEM, fakes.PEM.splitlines()[5]),
        options,
        state=lambda fake: (len(fake.jobs), fake.effects),
    )

    @contextmanager
    def open_() -> Iterator[Bench]:
        with made() as bench:
            yield replace(bench, can_be_stopped=False)

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
test_it_is_said_that_it_cannot_be_stopped = contract.test_what_goes_on_can_be_stopped_and_stopping_twice_does_no_harm
test_nothing_that_is_stored_or_shown_has_a_secret = contract.test_nothing_that_is_stored_or_shown_has_a_secret


def test_nodes_are_converged_and_it_is_said_what_changed(chef: Any, fakes: ModuleType, options: Any) -> None:
    with connected(chef, fakes.FakeChef(), **options) as executor:
        assert executor.plan(CONVERGE, {}).summary == "chef-client on cache-1, cache-2"
        states, done = followed(executor, CONVERGE)
    assert states == ["voting", "running"]
    assert done.summary == "chef-client on cache-1, cache-2 succeeded (4/23 resources updated)"


def test_the_node_that_failed_is_named_with_what_it_said(chef: Any, fakes: ModuleType, options: Any) -> None:
    fake = fakes.FakeChef()
    fake.ends["cache-2"] = "failed"
    words = "complete: cache-2 failed: FATAL: Chef::Exceptions::Package: memcached has no candidate"
    with connected(chef, fake, **options) as executor, pytest.raises(ConnectorError, match=words) as caught:
        followed(executor, CONVERGE)
    assert caught.value.permanent


def test_a_node_that_is_down_is_said_before_anybody_approves(chef: Any, fakes: ModuleType, options: Any) -> None:
    fake = fakes.FakeChef()
    fake.up["cache-2"] = "down"
    with connected(chef, fake, **options) as executor, pytest.raises(InputError, match="does not reach cache-2"):
        executor.plan(CONVERGE, {})


def test_another_command_is_looked_for_and_sent(chef: Any, fakes: ModuleType, options: Any) -> None:
    fake = fakes.FakeChef()
    meant = replace(CONVERGE, target={"nodes": "cache-1", "command": "chef-client -o recipe[cache]", "timeout_s": "60"})
    assert chef.target_problems(ActionKind.COMMAND, meant.target) == [
        "target.command: 'chef-client -o recipe[cache]' does not look like one"
    ]
    meant = replace(CONVERGE, target={"nodes": "cache-1", "command": "restart-cache", "timeout_s": "60"})
    assert chef.target_problems(ActionKind.COMMAND, meant.target) == []
    with connected(chef, fake, **options) as executor:
        followed(executor, meant)
    assert (fake.jobs[1]["command"], fake.jobs[1]["run_timeout"], fake.jobs[1]["on"]) == (
        "restart-cache",
        60,
        ["cache-1"],
    )


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda given: given | {"user": "somebody"}, "Failed to authenticate as 'somebody'"),
        (lambda given: given | {"key": "x"}, "its key is no RSA private key in PEM"),
    ],
)
def test_who_signs_wrongly_is_told(
    chef: Any, fakes: ModuleType, options: dict[str, str], change: Callable[[Any], Any], words: str
) -> None:
    fake = fakes.FakeChef()
    with connected(chef, fake, **change(options)) as executor, pytest.raises(ConnectorError, match=words) as caught:
        executor.plan(CONVERGE, {})
    assert caught.value.permanent


def _signed(chef: Any, options: Any, method: str, url: str, content: bytes, at: datetime) -> Asked:
    request = httpx.Request(method, url, content=content)
    signature = chef.Signature(chef.Options.model_validate({"url": "http://x", **options}), lambda: at, ValueError)
    next(signature.auth_flow(request))
    return Asked(method, request.url.path, {}, dict(request.headers), content)


def test_a_signature_fits_its_request_and_no_other(chef: Any, fakes: ModuleType, options: Any) -> None:
    now = datetime(2026, 11, 21, 12, tzinfo=UTC)
    asked = _signed(chef, options, "POST", "http://x/organizations/shop/pushy/jobs?a=1", b'{"a": 1}', now)
    assert fakes.refusal(asked, now) == ""
    assert fakes.refusal(replace(asked, method="GET"), now).startswith("Invalid signature")
    assert fakes.refusal(replace(asked, path="/organizations/other/pushy/jobs"), now).startswith("Invalid signature")
    assert fakes.refusal(replace(asked, content=b"{}"), now) == "the content is another"
    assert fakes.refusal(asked, now + timedelta(minutes=16)) == "the clocks differ by more than 15 minutes"


def test_what_is_signed_is_as_chef_documents_it(chef: Any) -> None:
    text = chef.canonical("post", "/organizations/clownco", "hDlKNZhIhgso3Fs0S0pZwJ0xyBWtR1RBaeHs1DrzOho=", "T", "u")
    assert text.splitlines() == [
        "Method:POST",
        "Path:/organizations/clownco",
        "X-Ops-Content-Hash:hDlKNZhIhgso3Fs0S0pZwJ0xyBWtR1RBaeHs1DrzOho=",
        "X-Ops-Sign:version=1.3",
        "X-Ops-Timestamp:T",
        "X-Ops-UserId:u",
        "X-Ops-Server-API-Version:1",
    ]


def test_a_job_that_is_over_is_not_stopped_and_that_is_no_error(chef: Any, fakes: ModuleType, options: Any) -> None:
    fake = fakes.FakeChef()
    with connected(chef, fake, **options) as executor:
        outcome = executor.execute("k", CONVERGE, {}, executor.plan(CONVERGE, {}))
        assert isinstance(outcome, Started)
        fake.jobs[-1]["status"] = "complete"
        executor.cancel(outcome, CONVERGE)
