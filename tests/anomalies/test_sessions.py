"""Are odd sessions told, with what is odd about them?"""

from bot.anomalies.sessions import Sessions

USUAL = ["receive", "write", "write", "close"]


def past(odd: int = 0) -> list[list[str]]:
    varied = [[*USUAL, *["read"] * (i % 3)] for i in range(400)]
    return varied + [["receive", "fail"]] * odd


def test_a_session_with_a_missing_or_unexpected_step_is_told_with_the_step() -> None:
    known = Sessions(past(), vouched=True)
    assert not known.judge([*USUAL, "read"]).is_told
    missing = known.judge(["receive", "write", "write"])
    assert missing.is_told
    assert missing.differences[0] == ("close", -1)
    strange = known.judge([*USUAL, "exploded"])
    assert strange.is_told
    assert strange.differences[0] == ("exploded", 1)


def test_a_count_that_varies_anyhow_is_nothing_new() -> None:
    assert not Sessions(past(), vouched=True).judge([*USUAL, "read", "read", "read"]).is_told


def test_trouble_that_was_there_while_learning_is_no_excuse_unless_people_vouch_for_it() -> None:
    assert Sessions(past(odd=3), vouched=False).judge(["receive", "fail"]).is_told
    assert not Sessions(past(odd=3), vouched=True).judge(["receive", "fail"]).is_told


def test_nothing_learnt_is_survived() -> None:
    assert not Sessions([], vouched=True).is_ready
    assert Sessions([], vouched=False).judge(["a"]).differences == (("a", 1),)
