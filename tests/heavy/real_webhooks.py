"""Do the signed webhooks of a real MLflow come in, with the configuration of docs/sources.md? And unsigned ones not?"""

import os
import subprocess
from datetime import UTC, datetime, timedelta
from pathlib import Path

import httpx
import pytest

from bot.changes.model import Change
from bot.settings import Settings
from tests.clients.conftest import Tocsin, example, until
from tests.heavy import servers

pytestmark = pytest.mark.timeout(900)
SECRET = "a-secret-of-the-webhook"
SETTINGS = Settings.model_validate({"sources": {"mlflow": {"secret": SECRET}}})


def register(tocsin: Tocsin, server: str, secret: str) -> None:
    command = tocsin.filled(example("mlflow", "registering the webhook"))
    env = {**os.environ, "MLFLOW_TRACKING_URI": server, "MLFLOW_WEBHOOK_SECRET": secret}
    done = subprocess.run(["sh", "-c", command], env=env, capture_output=True, text=True, timeout=60, check=True)
    assert '"webhook"' in done.stdout, done.stdout


def changes(tocsin: Tocsin) -> list[Change]:
    now = datetime.now(UTC)
    with tocsin.engine.store.read() as tx:
        return tx.changes.between(now - timedelta(days=1), now + timedelta(days=1))


def test_an_alias_that_moves_is_a_change_and_a_wrong_secret_is_refused(tmp_path: Path) -> None:
    tocsin = Tocsin(f"sqlite:///{tmp_path}/tocsin.db", settings=SETTINGS)
    with tocsin.running(), servers.mlflow(tmp_path) as server:
        register(tocsin, server, SECRET)
        servers.seeded_model(server, "churn", versions=2)
        until(lambda: any(change.attributes.get("alias") for change in changes(tocsin)), told=lambda: changes(tocsin))
        moved = {"name": "churn", "alias": "champion", "version": "1"}
        httpx.post(f"{server}/api/2.0/mlflow/registered-models/alias", json=moved).raise_for_status()
        summary = "champion of churn is version 1 now"
        until(lambda: summary in {change.summary for change in changes(tocsin)}, told=lambda: changes(tocsin))
        assert {change.service for change in changes(tocsin)} == {"churn"}
        assert tocsin.weather.told.count(200) == len(changes(tocsin)) == 4

        register(tocsin, server, "another secret")
        httpx.post(f"{server}/api/2.0/mlflow/registered-models/alias", json={**moved, "version": "2"})
        until(lambda: 401 in tocsin.weather.told)
        until(lambda: len(changes(tocsin)) == 5)
