"""Secrets never get through, and what only looks like one stays readable."""

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.errors import SettingsError
from bot.logs.redact import DEFAULT_RULES, NAMES, WITHHELD, Redactor

KEY = "AKIA" + "IOSFODNN7EXAMPLE"
JWT = "eyJhbGciOiJIUzI1NiJ9." + "eyJzdWIiOiIxMjM0NTY3ODkwIn0." + "dozjgNryP4J3jVmNHl0w5N_XgL0n3I9PlFUP0THsR8U"
SECRETS = [
    (f"using {KEY} now", KEY),
    ("aws_secret_access_key=wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", "wJalrXUtnFEMI"),
    ("push with ghp_" + "a1B2" * 9, "a1B2a1B2"),
    ("token glpat-" + "x9Y8" * 5, "x9Y8x9Y8"),
    ("SLACK xoxb-" + "123456789012-abcdefABCDEF", "abcdefABCDEF"),
    ("https://hooks.slack.com/services/" + "T00000000/B00000000/XXXXXXXXXXXX", "XXXXXXXXXXXX"),
    ("stripe sk_live_" + "4eC39HqLyjWDarjtT1zdp7dc", "4eC39HqLyj"),
    ("maps AIza" + "SyA1234567890abcdefghijklmnopqrstuv", "SyA1234567890"),
    ("openai sk-" + "proj-abcdefghijklmnopqrstuvwx", "abcdefghijkl"),
    ("npm_" + "abcdefghijklmnopqrstuvwxyz0123456789", "abcdefghijklm"),
    (f"session {JWT} ok", "dozjgNryP4J3"),
    ("Authorization: Bearer abc.DEF123-456_xyz", "abc.DEF123"),
    ("Authorization: Basic dXNlcjpwYXNz", "dXNlcjpwYXNz"),
    ('"authorization":"Bearer 0123456789abcdef0123"', "0123456789abcdef"),
    ("password=hunter2", "hunter2"),
    ("password: hunter2", "hunter2"),
    ("PASSWORD = 'hun ter2'", "hun ter2"),
    ('{"password": "hun\\"ter2", "user": "bob"}', "ter2"),
    ('{\\"client_secret\\":\\"abc123\\"}', "abc123"),
    ("db_passwd=geheim&user=bob", "geheim"),
    ("the password is geheim77", "geheim77"),
    ("mysql --password geheim -u root", "geheim"),
    ("api_key=9f8e7d6c", "9f8e7d6c"),
    ("X-Api-Key: 9f8e7d6c5b4a", "9f8e7d6c5b4a"),
    ("token=9f8e7d6c", "9f8e7d6c"),
    ("token: 9f8e7d6c5b4a39281706", "9f8e7d6c5b4a"),
    ("Cookie: sid=31d4d96e407aad42", "31d4d96e407aad42"),
    ("connecting to postgres://app:s3cr3t@db-1/shop", "s3cr3t"),
    ("amqp://guest:p@ss@mq:5672/", "p@ss"),
    ("mail to anna.meier+x@mail.example.org failed", "anna.meier"),
    ("card 4111 1111 1111 1111 declined", "1111 1111"),
    ("card=5500005555555559", "5500005555555559"),
    ("amex 3782-822463-10005", "822463"),
    ("-----BEGIN RSA PRIVATE KEY-----\nMIIEpAIB\n-----END RSA PRIVATE KEY-----", "MIIEpAIB"),
    ("-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXktdjE", "b3BlbnNzaC1r"),
    ("MIIEpAIBAAKCAQEA1234567890abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLM", "abcdefghij"),
]
HARMLESS = [
    "Failed password for root from 10.1.2.3 port 22 ssh2",
    "check pass; user unknown",
    "max_tokens=512 tokens: 12",
    "token: unexpected",
    "password=null secret=None",
    "Receiving block blk_-1608999687919862906 src: /10.250.19.102:54106",
    "at 1674984057523996367 took 12 ms",
    "order 1234567890123456 shipped",
    "TraceID: 22e235fdb08189beeb3550800272276a SpanID: 9be0a30e1d46a6dd",
    "Processed session termination for sessionid: 0x14ede63a5a70004",
    "primary key: id, foreign key: order_id",
    "job_200811092030_0001 mapred/system/job.jar",
    "https://example.com/a:b/c?d=1",
    "user@host is no address",
    "basic authentication is on; bearer tokens are off",
    "081109 203518 143 INFO dfs.DataNode: ready",
    "skipping task-1234567890123 of [instance: b9000564-fe1a-409b-b8cc-1e88b294cd1d]",
]


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_a_secret_is_replaced_by_the_name_of_its_rule(text: str, secret: str) -> None:
    found = Redactor().redact(text)
    assert secret not in found
    assert "[redacted:" in found


@pytest.mark.parametrize("text", HARMLESS)
def test_what_only_looks_like_a_secret_stays(text: str) -> None:
    assert Redactor().redact(text) == text


@pytest.mark.parametrize(("text", "secret"), SECRETS)
def test_redacting_twice_changes_nothing_more(text: str, secret: str) -> None:
    once = Redactor().redact(text)
    assert Redactor().redact(once) == once


def test_a_batch_is_redacted_as_its_lines_are() -> None:
    lines = [text for text, _ in SECRETS] + HARMLESS
    redactor = Redactor()
    assert redactor.redact_all(lines) == [Redactor().redact(line) for line in lines]


def all_rules(text: str) -> str:
    """The rules without the quick look that decides whether they are needed."""
    return Redactor()._redact(text)


PARTS = st.sampled_from(
    [
        *(text for text, _ in SECRETS),
        *HARMLESS,
        "=",
        ":",
        " ",
        '"',
        "-",
        "\n",
        "4111111111111111",
        "key",
        "ß",
        "@",
        "//",
    ]
)


@settings(max_examples=500, deadline=None)
@given(st.lists(PARTS | st.text(max_size=12), max_size=8).map("".join))
def test_the_quick_look_never_lets_a_secret_through(text: str) -> None:
    assert Redactor().redact(text) == all_rules(text)


@pytest.mark.parametrize("rule", DEFAULT_RULES, ids=lambda rule: rule.name)
def test_every_rule_needs_linear_time(rule: object) -> None:
    pieces = [
        "a",
        "0",
        "password",
        "=",
        '"',
        "@",
        ".",
        "-",
        " ",
        "\\",
        "eyJ",
        ":",
        "//",
        "token: ",
        "4111 ",
        "A1a/",
        "-----BEGIN PRIVATE KEY-----",
    ]
    worst = 0.0
    for piece in pieces:
        for other in ("", *pieces):
            text = ((piece + other) * 64_000)[:64_000] + "!"
            start = time.process_time()
            rule.expression.sub("", text)  # type: ignore[attr-defined]
            worst = max(worst, time.process_time() - start)
    assert worst < 2.0, "a quadratic rule takes minutes on 64,000 characters"


def test_a_rule_of_ones_own_hides_its_first_group() -> None:
    redactor = Redactor(extra={"customer": r"customer=(\w+)"})
    assert redactor.redact("customer=4711 ok") == "customer=[redacted:customer] ok"


def test_a_rule_can_be_switched_off() -> None:
    assert Redactor(off=["email"]).redact("to a@example.org") == "to a@example.org"


@pytest.mark.parametrize(
    ("extra", "off"),
    [({"x": "("}, []), ({"X1": "a"}, []), ({"x": "a*"}, []), ({}, ["nope"])],
)
def test_a_rule_that_makes_no_sense_refuses_to_start(extra: dict[str, str], off: list[str]) -> None:
    with pytest.raises(SettingsError):
        Redactor(extra=extra, off=off)


def test_a_line_on_which_a_rule_fails_is_withheld(monkeypatch: pytest.MonkeyPatch) -> None:
    redactor = Redactor(extra={"mine": "boom"})

    def fail(text: str) -> str:
        raise RecursionError

    monkeypatch.setattr(redactor, "_redact", fail)
    assert redactor.redact("password=x") == WITHHELD
    assert redactor.redact_all(["password=x"]) == [WITHHELD]
    assert redactor.withheld == 2


def test_every_rule_has_a_name_that_can_be_switched_off() -> None:
    for name in NAMES:
        Redactor(off=[name])
