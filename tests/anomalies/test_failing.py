"""Which lines speak of failure?"""

import pytest

from bot.anomalies.failing import looks_failing


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("error", "anything at all"),
        ("CRITICAL", "anything at all"),
        ("info", "java.lang.NullPointerException at <*>"),
        ("info", "Traceback (most recent call last):"),
        ("info", "could not connect to <IP>"),
        ("notice", "write failed: No space left on device"),
        ("warning", "request timeout after <NUM> ms"),
        ("warning", "<NUM> rows rejected"),
        ("", "error while reading block <*>"),
        ("", "authentication failure; logname= uid=<NUM>"),
        ("no such level", "kernel panic - not syncing"),
    ],
)
def test_error_levels_and_unmistakable_words_speak_of_failure(level: str, text: str) -> None:
    assert looks_failing(level, text)


@pytest.mark.parametrize(
    ("level", "text"),
    [
        ("info", "order <NUM> accepted"),
        ("info", "finished with 0 errors"),
        ("info", "finished without errors, <NUM> failures"),
        ("info", "batch done ok=<NUM> failed=<NUM> errors: 0"),
        ("info", "request timeout set to <NUM> s"),
        ("warning", "cache is cold"),
        ("debug", "fatal error in the last run was handled"),
        ("trace", "Exception swallowed"),
        ("", ""),
        ("", "no errors found"),
        ("info", "error_rate=<NUM> failover=ready"),
    ],
)
def test_counts_settings_and_debug_lines_do_not(level: str, text: str) -> None:
    assert not looks_failing(level, text)


def test_only_the_beginning_of_an_endless_line_is_read() -> None:
    assert not looks_failing("info", "a" * 1_000_000 + " failed to start")
