"""Is a command's text read as it was typed, and everybody in it known by their id?"""

import pytest

from bot.slack.asked import spoken


@pytest.mark.parametrize(
    ("sent", "typed", "mentioned"),
    [
        ("lead <@U1|ana>", "lead @ana", {"@ana": "U1"}),
        ("lead <@U1>", "lead @U1", {"@U1": "U1"}),
        ("see <#C1|general> and <https://a.example/?x=1&amp;y=2>", "see #general and https://a.example/?x=1&y=2", {}),
        ("<https://a.example|a.example>", "https://a.example", {}),
        ("a &lt; b &amp;&amp; c &gt; d", "a < b && c > d", {}),
        ("&lt;@U1|ana&gt; is typed", "<@U1|ana> is typed", {}),
        ("&amp;lt;", "&lt;", {}),
        ("lead @ana", "lead @ana", {}),
    ],
)
def test_what_slack_sends_is_read_as_typed(sent: str, typed: str, mentioned: dict[str, str]) -> None:
    assert spoken(sent) == (typed, mentioned)
