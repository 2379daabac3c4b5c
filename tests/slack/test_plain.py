"""Does a screen reader hear plain words, whatever was marked?"""

import pytest

from bot.slack.mrkdwn import code
from bot.slack.plain import plain_words


@pytest.mark.parametrize(
    ("markup", "heard"),
    [
        ("since <!date^1795176000^{time}|12:00 UTC>", "since 12:00 UTC"),
        ("<@U1> asks <@U2>", "Ana asks @U2"),
        ("see <https://e.org/a?b=1&amp;c=2|the page> or <https://e.org>", "see the page or https://e.org"),
        ("in <#C0123456789>", "in C0123456789"),
        ("*Do now:* look at `a &lt;*&gt; b` and _wait_", "Do now: look at a <*> b and wait"),
        ("2 * 3 * 4 and snake_case_name", "2 * 3 * 4 and snake_case_name"),
        ("```\nline &lt;1&gt;\nline 2\n```", "line <1>\nline 2"),
        ("<!channel> is shown", "!channel is shown"),
        ("&lt;!channel&gt; was in a log line", "<!channel> was in a log line"),
    ],
)
def test_markup_is_heard_as_plain_words(markup: str, heard: str) -> None:
    assert plain_words(markup, {"U1": "Ana"}) == heard


@pytest.mark.parametrize("text", ["GET <*> 200", "a & b", "<@U1> *bold* _x_", "<!date^1^{time}|x>"])
def test_what_was_shown_as_code_is_heard_as_it_was_written(text: str) -> None:
    assert plain_words(f"*Seen:* {code(text)}") == f"Seen: {text}"
