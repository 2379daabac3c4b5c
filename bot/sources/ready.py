"""Which mappings are ready? For monitoring services whose webhooks are JSON of one shape; each is data."""

from bot.signals.severity import Severity
from bot.sources import cloudwatch, pagerduty
from bot.sources.mapping import Rules, by_rules
from bot.sources.model import Decode, Example, Identify, Kind, Proof, Source, Verify, no_identity
from bot.sources.signatures import hmac_hex, listed_hmac_hex

DATADOG = Rules(
    key="aggregation_key || alert_id || id",
    title="title",
    status="transition",
    ended=("Recovered", "No Data recovered", "Warn recovered"),
    service="service",
    severity="priority || alert_type",
    severities={
        "P1": Severity.CRITICAL,
        "P2": Severity.MAJOR,
        "P3": Severity.MINOR,
        "P4": Severity.MINOR,
        "P5": Severity.INFO,
    },
    began_at="date",
    detail="body",
    link="link",
    labels="tags",
)
SENTRY = Rules(
    key="data.event.issue_id || data.issue.id || data.metric_alert.id || data.error.issue_id",
    title="data.event.title || data.issue.title || data.metric_alert.title || data.error.title",
    status="action",
    ended=("resolved",),
    ignored=("assigned", "archived", "ignored", "installation"),
    service="data.event.project_slug || data.issue.project.slug || data.metric_alert.projects[0]",
    severity="data.event.level || data.issue.level || action",
    began_at="data.event.datetime || data.issue.lastSeen || data.metric_alert.date_started",
    detail="data.event.culprit || data.issue.culprit || data.description_text",
    link="data.event.web_url || data.issue.permalink || data.web_url",
    labels="data.event.tags",
)
OPSGENIE = Rules(
    key="alert.alias || alert.alertId",
    title="alert.message",
    status="action",
    ended=("Close", "Delete"),
    ignored=("Acknowledge", "UnAcknowledge", "AddNote", "AddTags", "RemoveTags", "AddRecipient", "AddTeam",
             "TakeOwnership", "AssignOwnership", "Escalate", "UpdatePriority", "UpdateDescription", "UpdateMessage"),
    service="alert.entity || alert.details.service",
    severity="alert.priority",
    began_at="alert.createdAt",
    detail="alert.description",
    labels="alert.details",
)  # fmt: skip

_DATADOG = """\
{
  "id": "$ID", "alert_id": "$ALERT_ID", "aggregation_key": "$AGGREG_KEY", "title": "$EVENT_TITLE",
  "body": "$TEXT_ONLY_MSG", "transition": "$ALERT_TRANSITION", "priority": "$PRIORITY", "alert_type": "$ALERT_TYPE",
  "date": "$DATE", "link": "$LINK", "tags": "$TAGS", "hostname": "$HOSTNAME"
}
"""


def _source(
    name: str,
    title: str,
    rules: Rules,
    example: Example,
    *more: Example,
    verify: Verify | None = None,
    signed_by: str = "",
    identify: Identify = no_identity,
    decode: Decode | None = None,
    is_sealed: bool = False,
) -> Source:
    return Source(
        name=name,
        title=title,
        kind=Kind.ALERTS,
        decode=decode or by_rules(name, rules),
        content_types=("application/json", "text/plain") if name == "cloudwatch" else ("application/json",),
        fixture=f"{name}.json",
        verify=verify,
        signed_by=signed_by,
        identify=identify,
        is_sealed=is_sealed,
        examples=(example, *more),
    )


SOURCES = (
    _source(
        "datadog", "Datadog", DATADOG,
        Example("Integrations → Webhooks → payload", "json", _DATADOG, Proof.DOCUMENTED,
                "URL {url}/v1/hooks/datadog, custom header {\"Authorization\": \"Bearer {token}\"}; put "
                "@webhook-tocsin into the monitors."),
    ),
    _source(
        "sentry", "Sentry", SENTRY,
        Example("Settings → Developer Settings → internal integration", "toml",
                "[sources.sentry]               # webhook URL {url}/v1/hooks/sentry\n"
                'secret = "env:SENTRY_CLIENT_SECRET"\n', Proof.DOCUMENTED),
        verify=hmac_hex("sentry-hook-signature"), signed_by="HMAC-SHA256 in Sentry-Hook-Signature",
    ),
    _source(
        "cloudwatch", "Amazon CloudWatch by SNS", cloudwatch.RULES,
        Example("signed by Amazon", "toml",
                "[sources.cloudwatch]           # aws sns subscribe --protocol https --topic-arn … \\\n"
                "                               #   --notification-endpoint {url}/v1/hooks/cloudwatch\n"
                'topics = ["arn:aws:sns:eu-central-1:123456789012:alarms"]\n', Proof.DOCUMENTED,
                "Needs `tocsin[sns]`. Only what Amazon signed within the hour for these topics is taken; the "
                "certificate is fetched from sns.REGION.amazonaws.com, and a subscription confirmed there. In SNS, "
                "leave raw message delivery off; `aws sns set-topic-attributes --attribute-name SignatureVersion "
                "--attribute-value 2` signs with SHA-256 instead of SHA-1."),
        Example("by a token", "sh",
                "aws sns subscribe --topic-arn $TOPIC --protocol https "
                "--notification-endpoint {url}/v1/hooks/cloudwatch/{token}\n", Proof.DOCUMENTED,
                "Make a token for this topic alone: without `topics` what proves the sender is the token in the path, "
                "and signatures are not looked at. The subscription waits until its SubscribeURL is opened: "
                "`tocsin sources rejected` shows it, and Tocsin opens nothing by itself."),
        identify=cloudwatch.identify, decode=cloudwatch.decode, is_sealed=True,
        signed_by="RSA over the message's fields, with Amazon's certificate",
    ),
    _source(
        "pagerduty", "PagerDuty (webhooks v3)", pagerduty.RULES,
        Example("Integrations → Generic Webhooks (v3)", "toml",
                "[sources.pagerduty]            # webhook URL {url}/v1/hooks/pagerduty\n"
                'secret = "env:PAGERDUTY_SECRET"\n', Proof.DOCUMENTED),
        verify=listed_hmac_hex("x-pagerduty-signature", "v1="), signed_by="HMAC-SHA256 in X-PagerDuty-Signature",
        identify=pagerduty.identify, decode=pagerduty.decode,
    ),
    _source(
        "opsgenie", "Opsgenie", OPSGENIE,
        Example("Integrations → Webhook", "sh", "# URL: {url}/v1/hooks/opsgenie/{token}\n", Proof.DOCUMENTED,
                "Tick 'Add alert description to payload'. Atlassian is retiring Opsgenie."),
    ),
)  # fmt: skip
