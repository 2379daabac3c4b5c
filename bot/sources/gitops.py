"""What do Argo CD and Flux say that they brought into a cluster?

Argo CD's notifications are whatever its template says; ours is in the example
(https://argo-cd.readthedocs.io/en/stable/operator-manual/notifications/services/webhook/). Flux sends its events
(https://fluxcd.io/flux/components/notification/providers/#generic-webhook).
"""

from bot.changes.model import ChangeKind
from bot.errors import InputError
from bot.sources.alerting import alert, ended
from bot.sources.changing import change, short
from bot.sources.model import Example, Heard, Kind, Posted, Proof, Source
from bot.sources.received import decoded_object, moment, severity, text
from bot.sources.signatures import hmac_hex

ARGOCD, FLUX = "argocd", "flux"
SYNCED = ("Succeeded",)
FAILED = ("Failed", "Error")
APPLIED = ("ReconciliationSucceeded", "InstallSucceeded", "UpgradeSucceeded", "Succeeded")
ROLLED_BACK = ("RollbackSucceeded",)


def decode_argocd(posted: Posted) -> Heard:
    """A sync that succeeded is a deploy, one that failed or left the application degraded a signal until it is well."""
    body = decoded_object(posted.body)
    app, phase, health = text(body, "app"), text(body, "phase"), text(body, "health")
    if not app:
        raise InputError("it has no 'app'; use the template of docs/sources.md")
    heard = Heard()
    service = posted.service or app
    revision, at = text(body, "revision"), moment(body, "finishedAt")
    if phase in SYNCED:
        heard.changes.append(
            change(
                f"{app}:{revision}:{text(body, 'finishedAt')}",
                ChangeKind.DEPLOY,
                service,
                at,
                posted.now,
                source=ARGOCD,
                version=short(revision),
                by=text(body, "initiatedBy"),
                summary=text(body, "message"),
                url=text(body, "url"),
                environment=text(body, "cluster"),
                attributes={"images": text(body, "images")},
            )
        )
    if phase in FAILED or health == "Degraded":
        heard.signals.append(
            alert(
                ARGOCD,
                app,
                title=f"{app} is {health.lower() if health == 'Degraded' else 'not synced'}",
                service=service,
                severity=severity("major"),
                began_at=at,
                now=posted.now,
                labels={"revision": revision, "cluster": text(body, "cluster")},
                detail=text(body, "message"),
                url=text(body, "url"),
            )
        )
    elif health == "Healthy":
        heard.ended.append(ended(ARGOCD, app, service, at, posted.now))
    return heard


def decode_flux(posted: Posted) -> Heard:
    body = decoded_object(posted.body)
    name, kind = text(body, "involvedObject", "name"), text(body, "involvedObject", "kind")
    if not name:
        raise InputError("it has no 'involvedObject'")
    heard = Heard()
    service, at = posted.service or name, moment(body, "timestamp")
    namespace, reason = text(body, "involvedObject", "namespace"), text(body, "reason")
    key = f"{kind}/{namespace}/{name}"
    revision = text(body, "metadata", "revision") or text(
        body, "metadata", f"{kind.lower()}.toolkit.fluxcd.io/revision"
    )
    if text(body, "severity") == "error":
        heard.signals.append(
            alert(
                FLUX,
                key,
                title=f"{kind} {name}: {reason}",
                service=service,
                severity=severity("major"),
                began_at=at,
                now=posted.now,
                labels={"namespace": namespace, "kind": kind, "revision": revision},
                detail=text(body, "message"),
            )
        )
        return heard
    if reason in ROLLED_BACK or (reason in APPLIED and revision):
        heard.changes.append(
            change(
                f"{key}:{revision}:{reason if reason in ROLLED_BACK else ''}",
                ChangeKind.ROLLBACK if reason in ROLLED_BACK else ChangeKind.DEPLOY,
                service,
                at,
                posted.now,
                source=FLUX,
                version=_revision(revision),
                summary=text(body, "message"),
                environment=namespace,
            )
        )
        heard.ended.append(ended(FLUX, key, service, at, posted.now))
    else:
        heard.ignored += 1
    return heard


def _revision(revision: str) -> str:
    """Of "main@sha1:f8f5e6..." the commit, of "6.2.1+0e1f2a" itself."""
    _, colon, sha = revision.partition("@sha1:")
    return short(sha) if colon else revision


_ARGOCD = """\
# ConfigMap argocd-notifications-cm
data:
  service.webhook.tocsin: |
    url: {url}/v1/hooks/argocd
    headers:
      - name: Authorization
        value: Bearer $tocsin-token          # in the Secret argocd-notifications-secret
  template.tocsin: |
    webhook:
      tocsin:
        method: POST
        body: |
          {"app": "{{.app.metadata.name}}", "phase": "{{.app.status.operationState.phase}}",
           "health": "{{.app.status.health.status}}", "revision": "{{.app.status.operationState.syncResult.revision}}",
           "finishedAt": "{{.app.status.operationState.finishedAt}}",
           "initiatedBy": "{{.app.status.operationState.operation.initiatedBy.username}}",
           "message": {{toJson .app.status.operationState.message}},
           "images": "{{join "," .app.status.summary.images}}",
           "cluster": "{{.app.spec.destination.name}}",
           "url": "{{.context.argocdUrl}}/applications/{{.app.metadata.name}}"}
  trigger.tocsin: |
    - when: app.status.operationState.phase in ['Succeeded', 'Failed', 'Error']
      send: [tocsin]
    - when: app.status.health.status in ['Degraded', 'Healthy']
      send: [tocsin]
  subscriptions: |
    - recipients: [tocsin]
      triggers: [tocsin]
"""
_FLUX = """\
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Provider
metadata: {name: tocsin, namespace: flux-system}
spec:
  type: generic-hmac
  address: {url}/v1/hooks/flux
  secretRef: {name: tocsin-hmac}             # its key `token` is the secret of [sources.flux]
---
apiVersion: notification.toolkit.fluxcd.io/v1beta3
kind: Alert
metadata: {name: tocsin, namespace: flux-system}
spec:
  providerRef: {name: tocsin}
  eventSources: [{kind: Kustomization, name: "*"}, {kind: HelmRelease, name: "*"}]
"""

SOURCE_ARGOCD = Source(
    name=ARGOCD,
    title="Argo CD notifications",
    kind=Kind.CHANGES,
    decode=decode_argocd,
    fixture="argocd.json",
    about="The service is the application's name.",
    examples=(Example("argocd-notifications-cm", "yaml", _ARGOCD, Proof.DOCUMENTED),),
)
SOURCE_FLUX = Source(
    name=FLUX,
    title="Flux notifications",
    kind=Kind.CHANGES,
    decode=decode_flux,
    fixture="flux.json",
    verify=hmac_hex("x-signature", prefix="sha256="),
    signed_by="HMAC-SHA256 in X-Signature (provider generic-hmac)",
    about="The service is the name of the Kustomization or HelmRelease.",
    examples=(Example("Provider and Alert", "yaml", _FLUX, Proof.DOCUMENTED),),
)
