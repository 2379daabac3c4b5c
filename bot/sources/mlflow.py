"""What does MLflow's registry say of models? Webhooks, signed with a time.

https://mlflow.org/docs/latest/ml/webhooks/; seen from a real 3.17: `v1,` and the base64 HMAC-SHA256 of
id.timestamp.body.
"""

from bot.changes.model import ChangeKind
from bot.errors import InputError
from bot.sources.changing import change
from bot.sources.model import Example, Heard, Kind, Posted, Proof, Source
from bot.sources.received import decoded_object, moment, text
from bot.sources.signatures import timed_hmac

NAME = "mlflow"
MODEL_ENTITIES = ("model_version", "model_version_alias", "model_version_tag", "registered_model")


def decode(posted: Posted) -> Heard:
    """An alias that is set or taken away changes which version serves; a new version serves nobody yet."""
    body = decoded_object(posted.body)
    entity, action = text(body, "entity"), text(body, "action")
    if not entity or not action:
        raise InputError("it has no 'entity' and 'action'")
    heard = Heard()
    model, version = text(body, "data", "name"), text(body, "data", "version")
    alias = text(body, "data", "alias")
    if (entity, action) not in (
        ("model_version_alias", "created"),
        ("model_version_alias", "deleted"),
        ("model_version", "created"),
    ):
        heard.ignored += 1
        return heard
    if not model:
        raise InputError("it is missing", place="data.name")
    stamp = posted.headers.get("x-mlflow-delivery-id", "") or text(body, "timestamp")
    heard.changes.append(
        change(
            f"{model}:{entity}:{action}:{alias}:{version}:{stamp}",
            ChangeKind.MODEL_VERSION,
            posted.service or model,
            moment(body, "timestamp"),
            posted.now,
            source=NAME,
            version=version,
            summary=_summary(entity, action, model, version, alias),
            attributes={"model": model} | ({"alias": alias} if alias else {"status": "registered"}),
        )
    )
    return heard


def _summary(entity: str, action: str, model: str, version: str, alias: str) -> str:
    if entity == "model_version":
        return f"{model} version {version} registered"
    return f"{alias} of {model} is version {version} now" if action == "created" else f"{alias} of {model} taken away"


def _message(posted: Posted) -> bytes:
    told = (posted.headers.get("x-mlflow-delivery-id", ""), posted.headers.get("x-mlflow-timestamp", ""))
    return ".".join(told).encode("utf-8", "surrogateescape") + b"." + posted.body


_TOML = """\
[sources.mlflow]
secret = "env:MLFLOW_WEBHOOK_SECRET"
"""
_CURL = """\
curl -X POST "$MLFLOW_TRACKING_URI/api/2.0/mlflow/webhooks" -H 'Content-Type: application/json' -d '{
  "name": "tocsin", "url": "{url}/v1/hooks/mlflow", "secret": "'"$MLFLOW_WEBHOOK_SECRET"'",
  "events": [{"entity": "MODEL_VERSION", "action": "CREATED"}, {"entity": "MODEL_VERSION_ALIAS", "action": "CREATED"},
             {"entity": "MODEL_VERSION_ALIAS", "action": "DELETED"}]}'
"""

SOURCE = Source(
    name=NAME,
    title="MLflow webhooks",
    kind=Kind.MODELS,
    decode=decode,
    fixture="mlflow.json",
    fixture_headers={"x-mlflow-delivery-id": "b4a5"},
    verify=timed_hmac(
        _message, "x-mlflow-signature", "x-mlflow-timestamp", prefix="v1,", key=lambda secret: secret.encode()
    ),
    signed_by="HMAC-SHA256 over delivery, time and body in X-MLflow-Signature; five minutes at most",
    identify=lambda posted: posted.headers.get("x-mlflow-delivery-id", ""),
    about="The service is the model's name.",
    examples=(
        Example("tocsin.toml", "toml", _TOML, Proof.REAL),
        Example("registering the webhook", "sh", _CURL, Proof.REAL),
    ),
)
