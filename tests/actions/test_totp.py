"""Are codes those of RFC 6238, and is each taken only in its time?"""

from datetime import UTC, datetime, timedelta

import pytest

from bot.actions.totp import (
    CLOSED_FOR,
    FAILURES_MAX,
    STEP_S,
    Factor,
    code_at,
    matching_step,
    secret_of,
    step_of,
    uri,
    written,
)

SECRET = b"12345678901234567890"
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)
KEY = "k" * 32


@pytest.mark.parametrize(
    ("at_s", "code"),
    [
        (59, "94287082"),
        (1111111109, "07081804"),
        (1111111111, "14050471"),
        (1234567890, "89005924"),
        (2000000000, "69279037"),
        (20000000000, "65353130"),
    ],
)
def test_the_vectors_of_rfc_6238(at_s: int, code: str) -> None:
    """Appendix B, SHA-1."""
    assert code_at(SECRET, step_of(datetime.fromtimestamp(at_s, UTC)), digits=8) == code


@pytest.mark.parametrize(
    ("counter", "code"),
    list(
        enumerate(["755224", "287082", "359152", "969429", "338314", "254676", "287922", "162583", "399871", "520489"])
    ),
)
def test_the_vectors_of_rfc_4226(counter: int, code: str) -> None:
    """Appendix D."""
    assert code_at(SECRET, counter) == code


@pytest.mark.parametrize(("steps_off", "is_taken"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
def test_a_clock_may_be_half_a_minute_off(steps_off: int, is_taken: bool) -> None:
    code = code_at(SECRET, step_of(NOON) + steps_off)
    found = matching_step(SECRET, code, NOON)
    assert found == (step_of(NOON) + steps_off if is_taken else None)


@pytest.mark.parametrize("said", ["", "000000 ", "12345", "1234567", "١٢٣٤٥٦", "12 34\n56", "abcdef", "\x00"])
def test_anything_else_is_no_code(said: str) -> None:
    assert matching_step(SECRET, said, NOON) is None


def test_spaces_as_authenticators_show_them_do_not_matter() -> None:
    code = code_at(SECRET, step_of(NOON))
    assert matching_step(SECRET, f"{code[:3]} {code[3:]}", NOON) == step_of(NOON)


def test_every_person_beginning_and_key_has_another_secret() -> None:
    made = {secret_of(key, who, n) for key in (KEY, "l" * 32) for who in ("T1/UA", "T1/UB") for n in (1, 2)}
    assert len(made) == 8
    assert {len(secret) for secret in made} == {20}


def test_an_authenticator_can_read_it() -> None:
    assert written(SECRET) == "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    assert uri(SECRET, "U&A") == (
        "otpauth://totp/Tocsin:U%26A?secret=GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ&issuer=Tocsin&digits=6&period=30"
    )


def test_after_five_wrong_codes_none_is_taken_for_a_while() -> None:
    factor = Factor()
    for _ in range(FAILURES_MAX):
        assert not factor.is_closed(NOON)
        factor = factor.failed(NOON)
    assert factor.is_closed(NOON + CLOSED_FOR - timedelta(seconds=STEP_S))
    assert not factor.is_closed(NOON + CLOSED_FOR)
    assert factor.failed(NOON + CLOSED_FOR).failures == 1
    assert factor.taken(7).failures == 0
