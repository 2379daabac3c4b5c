"""What do Amazon's alarms say, as SNS posts them? https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

from bot.errors import InputError
from bot.signals.severity import Severity
from bot.sources.mapping import Rules, decode_with
from bot.sources.model import Heard, Posted
from bot.sources.received import decoded_object, text
from bot.sources.sns import is_of_sns

NAME = "cloudwatch"
RULES = Rules(
    key="AlarmArn || AlarmName",
    title="AlarmName",
    unwrap="Message",
    challenge="(Type == 'SubscriptionConfirmation' || Type == 'UnsubscribeConfirmation') && SubscribeURL",
    status="NewStateValue",
    ended=("OK",),
    ignored=("INSUFFICIENT_DATA",),
    service='Trigger.Dimensions[?contains(`["ServiceName", "FunctionName", "DBInstanceIdentifier"]`, name)]'
    " | [0].value",
    severity="NewStateValue",
    severities={"ALARM": Severity.MAJOR},
    began_at="StateChangeTime",
    ended_at="StateChangeTime",
    detail="NewStateReason",
    labels="Trigger.Dimensions",
)


def decode(posted: Posted) -> Heard:
    """An address that wants to be opened is only shown, and opened, when it is Amazon's own."""
    heard = decode_with(NAME, RULES, posted)
    if heard.challenge and not is_of_sns(heard.challenge):
        raise InputError("it asks for an address to be opened that is not Amazon SNS's; somebody else may have sent it")
    return heard


def identify(posted: Posted) -> str:
    """SNS sends a message again until it is answered."""
    return text(decoded_object(posted.body), "MessageId")
