"""Is a Markdown document shown as it is meant, and does none of it take effect as something else?"""

import time

import pytest

from bot.slack.markdown import PARTS_MAX, for_slack, for_web

DOCUMENT = """\
## First

Look at **payments** and `kubectl get pods`,
then [the board](https://grafana.example.org/d/1?a=1&b=2).

1. Ask _Ana_
   and wait
- [x] done
  - deeper

> a quote

```sh
kubectl logs <pod>
```

| name | what |
|---|:--:|
| a | b |
***
snake_case_name and 2 * 3 * 4 and \\*stars\\*
"""
HOSTILE = [
    "<!channel> <@U123> <https://evil.example|login>",
    "[login](javascript:alert(1))",
    "[x](https://a.example|b>)",
    "![p](https://evil.example/x.png)",
    "<script>alert(1)</script><img src=x onerror=alert(1)>",
    "`<!here>` ```<!here>```",
    "**<!everyone>**",
    '[a](https://a.example/"onmouseover="x)',
    "{{ config }} {% raw %}",
    "\u202eevil\x1b[31m",
]


def test_in_slack_it_has_slacks_marks() -> None:
    shown = for_slack(DOCUMENT)
    assert shown[0].split("\n") == [
        "*First*",
        "Look at *payments* and `kubectl get pods`, then <https://grafana.example.org/d/1?a=1&amp;b=2|the board>.",
    ]
    assert shown[1].split("\n") == ["1. Ask _Ana_ and wait", "☑ done", "    • deeper"]
    assert shown[2] == ">a quote"
    assert shown[3] == "```\nkubectl logs &lt;pod&gt;\n```"
    assert shown[4] == "```\nname  what\na     b\n```"
    assert shown[5] == "snake_case_name and 2 * 3 * 4 and *stars*"


def test_in_a_browser_it_has_tags() -> None:
    shown = for_web(DOCUMENT)
    assert "<h3>First</h3>" in shown
    assert "<strong>payments</strong> and <code>kubectl get pods</code>" in shown
    assert '<a href="https://grafana.example.org/d/1?a=1&amp;b=2" rel="noreferrer">the board</a>' in shown
    assert "<pre>kubectl logs &lt;pod&gt;</pre>" in shown
    assert shown.count("<ul>") == shown.count("</ul>") == 1


@pytest.mark.parametrize("hostile", HOSTILE)
def test_nothing_in_it_pings_links_elsewhere_or_runs(hostile: str) -> None:
    slack, web = "\n".join(for_slack(hostile)), for_web(hostile)
    for bad in ("<!", "<@", "|login>", "<javascript"):
        assert bad not in slack
    for bad in ("<script", "<img", "onerror=alert(1)>", 'href="javascript', '"onmouseover', "\x1b", "\u202e"):
        assert bad not in web


def test_a_long_or_strange_document_takes_no_time_and_is_cut() -> None:
    began = time.process_time()
    for strange in ("*" * 60_000, "[" * 60_000, "_a" * 30_000, "`" * 60_001, "> " * 30_000, "- a\n" * 16_000):
        for_slack(strange)
        for_web(strange)
    assert time.process_time() - began < 10
    many = for_slack("\n\n".join(f"line {n}" for n in range(100)))
    assert (len(many), many[-1]) == (PARTS_MAX + 1, "…")
