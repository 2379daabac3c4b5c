"""Which sources are there?"""

from collections.abc import Mapping

from bot.sources import (
    airflow,
    alertmanager,
    bulk,
    cdevents,
    dbt,
    evidently,
    expectations,
    github,
    gitlab,
    gitops,
    jenkins,
    journal,
    lines,
    loki,
    mapping,
    mlflow,
    openlineage,
    otlp,
    otlp_metrics,
    ready,
    syslog,
)
from bot.sources.model import Source

SOURCES: tuple[Source, ...] = (
    lines.SOURCE,
    otlp.SOURCE,
    loki.SOURCE,
    bulk.SOURCE,
    syslog.SOURCE,
    journal.SOURCE,
    otlp_metrics.SOURCE,
    alertmanager.SOURCE,
    alertmanager.GRAFANA,
    *ready.SOURCES,
    mapping.SOURCE,
    github.SOURCE,
    gitlab.SOURCE,
    gitops.SOURCE_ARGOCD,
    gitops.SOURCE_FLUX,
    jenkins.SOURCE,
    cdevents.SOURCE,
    openlineage.SOURCE,
    airflow.SOURCE,
    dbt.SOURCE,
    expectations.SOURCE,
    mlflow.SOURCE,
    evidently.SOURCE,
)
HOOKS: tuple[Source, ...] = tuple(source for source in SOURCES if source.is_hook)
BY_NAME: Mapping[str, Source] = {source.name: source for source in SOURCES}
