"""Is a container replaced by one like it, and is the one before kept?"""

import pytest

from bot.actions.model import Action, ActionKind
from bot.connectors import docker
from bot.errors import ConnectorError, InputError, Refused
from tests.connectors.fake_docker import TOKEN, FakeDocker
from tests.connectors.runs import KEY, connected, followed


def action(kind: ActionKind = ActionKind.DEPLOY) -> Action:
    return Action("x", kind, "cache", "there", {"container": "cache"})


def test_the_new_container_is_like_the_old_one_but_for_what_its_image_brings() -> None:
    fake = FakeDocker()
    with connected(docker, fake, token=TOKEN) as executor:
        assert followed(executor, action(), {"version": "1.4.3"})[1].version == "1.4.3"
    config = fake.containers["cache"]["Config"]
    assert config["Image"] == "shop/cache:1.4.3"
    assert config["Env"] == ["A=1"]
    assert config["Labels"] == {"team": "shop", "tocsin.run": KEY}
    assert config["HostConfig"] == {"Memory": 7}
    assert fake.containers["cache-before"]["Config"]["Image"] == "shop/cache:1.4.2"
    assert sorted(fake.containers) == ["cache", "cache-before"]


def test_a_rollback_is_the_image_of_the_one_before() -> None:
    fake = FakeDocker()
    with connected(docker, fake, token=TOKEN) as executor:
        assert executor.plan(action(ActionKind.ROLLBACK), {}).summary == "cache 1.4.2 → 1.4.1"
        assert followed(executor, action(ActionKind.ROLLBACK))[1].version == "1.4.1"
        fake.containers.pop("cache-before")
        with pytest.raises(Refused):
            executor.plan(action(ActionKind.ROLLBACK), {})


def test_a_container_that_crashes_says_its_last_line() -> None:
    fake = FakeDocker()
    fake.crashes = True
    words = r"the container cache: exited: code 1\. panic: no such table"
    with connected(docker, fake, token=TOKEN) as executor, pytest.raises(ConnectorError, match=words):
        followed(executor, action(), {"version": "1.4.3"})


def test_the_same_version_is_refused() -> None:
    words = r"cache has shop/cache:1\.4\.2 already"
    with connected(docker, FakeDocker(), token=TOKEN) as executor, pytest.raises(InputError, match=words):
        executor.plan(action(), {"version": "1.4.2"})
