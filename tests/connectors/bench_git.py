"""The git connector where its commits are proposed, with a repository to act on. (Where it pushes, it speaks no HTTP:
`test_git.py` has what this suite asks.)"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

from bot.connectors import git as connector
from tests.connectors import fake_merges, fake_pulls
from tests.connectors.bench import Bench, Opened
from tests.connectors.conftest import Deployments, action, git, shop_in
from tests.connectors.faulty import served

Fake = fake_pulls.FakePulls | fake_merges.FakeMerges


def _proposed(through: str, fake_of: Callable[[Path], Fake], project: str, token: str) -> Opened:
    @contextmanager
    def opened() -> Iterator[Bench]:
        with TemporaryDirectory() as folder:
            shop = shop_in(Path(folder))
            fake = fake_of(shop.path)
            fake.patience = 3
            with served(fake.answer) as faulty:
                options = {"repository": str(shop.path), "through": through, "project": project, "api": faulty.url}
                yield Bench(
                    faulty,
                    lambda: connector.executor("shop", {**options, "token": token}),
                    action(),
                    {},
                    state=lambda: (git(shop.path, "for-each-ref"), list(fake.effects)),
                    effects=lambda: len(fake.effects),
                    secrets=(token,),
                    disturb=partial(_released, shop),
                    asks_to_plan=False,
                    goes_on=True,
                )

    return opened


def _released(shop: Deployments) -> None:
    shop.release("1.4.3")


BENCHES: dict[str, Opened] = {
    "pull-request": _proposed("pull_request", fake_pulls.FakePulls, fake_pulls.PROJECT, fake_pulls.TOKEN),
    "merge-request": _proposed("merge_request", fake_merges.FakeMerges, fake_merges.PROJECT, fake_merges.TOKEN),
}
