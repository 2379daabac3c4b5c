"""Is a pager of any other kind told so that it can be sure who speaks?"""

import json

from bot.connectors.pagers import pagers_of
from bot.connectors.pagers.webhook import signature
from bot.engine.calling_ports import PagerEvent, Told
from bot.settings import Settings
from tests.connectors.faulty import Answer, served
from tests.oncall.duty import Duty


def test_a_webhook_is_signed_over_what_it_says_and_repeats_its_key() -> None:
    duty = Duty()
    incident = duty.declare()
    event = PagerEvent("tocsin/INC-1/1/hook", "hook", incident.id, Told.TRIGGER, duty.clock.now())
    with served(lambda asked: Answer(204)) as server:
        pagers = {"hook": {"type": "webhook", "url": f"{server.url}/wake", "secret": "s3cret"}}
        hook = pagers_of(Settings.model_validate({"pagers": pagers}))["hook"]
        hook.tell(event, incident, "https://tocsin.example.org/incidents/1")
        hook.tell(event, incident, "")
    first, second = server.asked
    assert first.headers["X-Tocsin-Signature"] == f"v1={signature('s3cret', first.content)}"
    assert first.headers["Idempotency-Key"] == second.headers["Idempotency-Key"] == "tocsin/INC-1/1/hook/trigger"
    said = json.loads(first.content)
    assert (said["event"], said["incident"]["key"], said["incident"]["service"]) == ("trigger", "INC-1", "checkout")
    assert b"s3cret" not in first.content
