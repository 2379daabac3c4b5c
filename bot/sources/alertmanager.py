"""What does Prometheus' Alertmanager say? Webhooks of version 4; Grafana's alerting speaks the same with more in it.

https://prometheus.io/docs/alerting/latest/configuration/#webhook_config,
https://grafana.com/docs/grafana/latest/alerting/configure-notifications/manage-contact-points/integrations/webhook-notifier/
"""

import json
from collections.abc import Mapping
from typing import Any

from bot.errors import InputError
from bot.sources.alerting import alert, ended, service_of
from bot.sources.model import Example, Heard, Kind, Posted, Proof, Source
from bot.sources.received import decoded_object, first_text, labels, moment, objects, severity, text
from bot.sources.signatures import hmac_hex

SIGNATURE = "x-grafana-alerting-signature"


def decode(posted: Posted) -> Heard:
    """Each alert of the group that fires is a signal, each that is resolved the end of one."""
    return _decode(posted, posted.path.get("name") or "alertmanager")


def decode_grafana(posted: Posted) -> Heard:
    return _decode(posted, "grafana")


def _decode(posted: Posted, source: str) -> Heard:
    body = decoded_object(posted.body)
    if not isinstance(body.get("alerts"), list):
        raise InputError("there is no list 'alerts' in it")
    heard = Heard()
    common = labels(body, "commonLabels")
    for index, item in objects(body, "alerts"):
        try:
            _hear(heard, source, item, common, posted)
        except InputError as error:
            heard.reject(f"alerts[{index}]", str(error), json.dumps(item).encode())
    return heard


def _hear(heard: Heard, source: str, item: Mapping[str, Any], common: Mapping[str, str], posted: Posted) -> None:
    told = {**common, **labels(item, "labels")}
    if not told:
        raise InputError("it has no labels")
    notes = labels(item, "annotations")
    key = text(item, "fingerprint") or json.dumps(told, sort_keys=True)
    service = posted.service or service_of(told)
    title = notes.get("summary") or notes.get("title") or told.get("alertname", "")
    status = text(item, "status").lower()
    if status == "resolved":
        heard.ended.append(ended(source, key, service, moment(item, "endsAt"), posted.now, title))
        return
    if status != "firing":
        raise InputError(f"its status is {status!r}, neither firing nor resolved")
    heard.signals.append(
        alert(
            source,
            key,
            title=title,
            service=service,
            severity=severity(told.get("severity", "") or told.get("priority", "")),
            began_at=moment(item, "startsAt"),
            now=posted.now,
            labels=told,
            detail=notes.get("description", "") or notes.get("message", ""),
            url=first_text(item, "panelURL", "dashboardURL", "generatorURL"),
        )
    )


_ALERTMANAGER = """\
route:
  receiver: tocsin
receivers:
  - name: tocsin
    webhook_configs:
      - url: {url}/v1/hooks/alertmanager
        send_resolved: true
        http_config:
          authorization:
            credentials: {token}
"""
_SILENCES = """\
[sources.alertmanager]
silences_url = "http://alertmanager.example.org:9093"
"""
_SILENCES_NOTE = (
    "A silence made here is made there, one made there is known here; either side ends both. Without it, neither."
)
_GRAFANA = """\
apiVersion: 1
contactPoints:
  - orgId: 1
    name: tocsin
    receivers:
      - uid: tocsin
        type: webhook
        settings:
          url: {url}/v1/hooks/grafana
          httpMethod: POST
          authorization_scheme: Bearer
          authorization_credentials: {token}
"""

SOURCE = Source(
    name="alertmanager",
    title="Prometheus Alertmanager",
    kind=Kind.ALERTS,
    decode=decode,
    fixture="alertmanager.json",
    about="The service is the alert's label `service`, `app`, … or `job`; the severity its label `severity`.",
    examples=(
        Example("alertmanager.yml", "yaml", _ALERTMANAGER, Proof.REAL),
        Example("silences in step, in tocsin.toml", "toml", _SILENCES, Proof.REAL, _SILENCES_NOTE),
    ),
)
GRAFANA = Source(
    name="grafana",
    title="Grafana alerting",
    kind=Kind.ALERTS,
    decode=decode_grafana,
    fixture="grafana.json",
    verify=hmac_hex(SIGNATURE),
    signed_by=f"HMAC-SHA256 in {SIGNATURE}",
    about="As Alertmanager's; links lead to the panel.",
    examples=(Example("provisioning/alerting/tocsin.yaml", "yaml", _GRAFANA, Proof.DOCUMENTED),),
)
