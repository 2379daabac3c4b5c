"""What do Amazon's alarms say, as SNS posts them? https://docs.aws.amazon.com/sns/latest/dg/sns-message-and-json-formats.html"""

import re

from bot.errors import InputError
from bot.sources.mapping import Rules, decode_with
from bot.sources.model import Heard, Posted
from bot.sources.received import decoded_object, text

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
    severities={"ALARM": "major"},
    began_at="StateChangeTime",
    ended_at="StateChangeTime",
    detail="NewStateReason",
    labels="Trigger.Dimensions",
)
_OF_SNS = re.compile(r"https://sns\.[a-z0-9-]{1,40}\.amazonaws\.com(\.cn)?/\?", re.ASCII)


def decode(posted: Posted) -> Heard:
    """Nothing is ever fetched: a person opens the address, and only Amazon's own is shown as one to open."""
    heard = decode_with(NAME, RULES, posted)
    if heard.challenge and not _OF_SNS.match(heard.challenge):
        raise InputError("it asks for an address to be opened that is not Amazon SNS's; somebody else may have sent it")
    return heard


def identify(posted: Posted) -> str:
    """SNS sends a message again until it is answered."""
    return text(decoded_object(posted.body), "MessageId")
