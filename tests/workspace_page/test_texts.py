"""Is a text shown the way Slack shows it, and never as anything but text?"""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Dialog, Page

from tests.workspace_page.conftest import Opener
from tests.workspace_page.stage import ANA, BEN, INCIDENTS, RANDOM, Stage, raised

MRKDWN = "async text => (await import('/_workspace/static/mrkdwn.js')).mrkdwn(text).innerHTML"
MARKDOWN = "async text => (await import('/_workspace/static/markdown.js')).markdown(text).innerHTML"


@pytest.fixture(scope="module")
def drawing(browser: Browser) -> Iterator[Page]:
    """One page for all texts: they are drawn, not shown."""
    with raised(Stage()) as stage:
        page = browser.new_page()
        page.goto(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
        page.wait_for_selector("[data-ready]")
        yield page
        page.close()


def line(html: str) -> str:
    return f'<div class="line">{html}</div>'


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("plain", "plain"),
        ("*bold* _it_ ~no~", "<strong>bold</strong> <em>it</em> <del>no</del>"),
        ("*bold _and it_*", "<strong>bold <em>and it</em></strong>"),
        ("2*3*4 snake_case_name a~b~c", "2*3*4 snake_case_name a~b~c"),
        ("* not bold * _ nor this _", "* not bold * _ nor this _"),
        ("*unclosed _marks", "*unclosed _marks"),
        ("(*bold*), *x*.", "(<strong>bold</strong>), <strong>x</strong>."),
        ("`*code*` &amp;", '<code class="code">*code*</code> &amp;'),
        ("&lt;b&gt; &amp;amp; &quot;", "&lt;b&gt; &amp;amp; &amp;quot;"),
        ("**twice**", "**twice**"),
        ("a :unheardof: b 10:30:45", "a :unheardof: b 10:30:45"),
        ("<not a tag> <!weird>", "&lt;not a tag&gt; &lt;weird&gt;"),
        ("<!subteam^S1|@oncall>", '<span class="mention">@oncall</span>'),
        ("<!here>", '<span class="mention broadcast">@here</span>'),
        ("<!date^notanumber^{date}|never>", "never"),
        ("<!date^1^{nonsense}|fallback>", "fallback"),
        ("`open *bold*", "`open <strong>bold</strong>"),
        ("", ""),
    ],
)
def test_a_line_of_mrkdwn_becomes_what_slack_makes_of_it(drawing: Page, text: str, html: str) -> None:
    assert drawing.evaluate(MRKDWN, text) == line(html) if text else drawing.evaluate(MRKDWN, text) == ""


@pytest.mark.parametrize(
    ("text", "address", "words"),
    [
        ("<https://a.example/x?a=1&amp;b=2|the *board*>", "https://a.example/x?a=1&b=2", "the board"),
        ("<https://a.example>", "https://a.example/", "https://a.example"),
        ("<mailto:a@b.example|mail>", "mailto:a@b.example", "mail"),
        ("see https://a.example/x, please", "https://a.example/x", "https://a.example/x"),
        ("(https://a.example/x?q=1&amp;r=2)", "https://a.example/x?q=1&r=2", "https://a.example/x?q=1&r=2"),
    ],
)
def test_a_link_leads_where_it_says(drawing: Page, text: str, address: str, words: str) -> None:
    found = drawing.evaluate(
        "async text => { const a = (await import('/_workspace/static/mrkdwn.js')).mrkdwn(text).querySelector('a');"
        " return [a.href, a.textContent, a.rel, a.target] }",
        text,
    )
    assert found == [address, words, "noopener noreferrer nofollow", "_blank"]


def test_quotes_and_code_blocks_and_bullets_keep_their_lines(drawing: Page) -> None:
    html = drawing.evaluate(
        MRKDWN, "&gt; one\n&gt; two\nafter\n```\na &lt; b\n  *c*\n```\n• item\n&gt;&gt;&gt; rest\nmore"
    )
    assert html == (
        '<blockquote><div class="line">one</div><div class="line">two</div></blockquote>'
        '<div class="line">after</div>'
        '<pre class="code-block"><code>a &lt; b\n  *c*</code></pre>'
        '<div class="line item depth-0">• item</div>'
        '<blockquote data-long="yes"><div class="line">rest</div><div class="line">more</div></blockquote>'
    )


def test_mentions_carry_the_names_people_have_now(drawing: Page) -> None:
    words = "async text => (await import('/_workspace/static/mrkdwn.js')).mrkdwn(text).textContent"
    text = f"<@{BEN}|old> <@U0NOBODY|ghost> <#{RANDOM}|old> <#C0GONE|gone>"
    assert drawing.evaluate(words, text) == "@Ben Okafor @ghost #random #gone"


def test_a_date_is_written_in_the_zone_of_the_person(drawing: Page) -> None:
    words = "async text => (await import('/_workspace/static/mrkdwn.js')).mrkdwn(text).textContent"
    text = "<!date^1781512200^{date_num} {time}|?> <!date^1781512200^{date_long}|?> <!date^1781512200^{date_short}|?>"
    assert drawing.evaluate(words, text) == "2026-06-15 10:30 AM Monday, June 15th, 2026 Jun 15, 2026"  # summer


def test_a_wall_clock_comes_back_as_the_instant_it_was_across_summer_time(drawing: Page) -> None:
    there_and_back = """async stamps => {
        const times = await import('/_workspace/static/times.js');
        return stamps.map(stamp => times.epochOfWallClock(times.wallClock(stamp)));
    }"""
    stamps = [1781512200, 1792884600, 1792895400, 1774742340, 1774746000, 1797000000]
    assert drawing.evaluate(there_and_back, stamps) == stamps


HOSTILE = [
    "<img src=x onerror=alert(1)>",
    "&lt;script&gt;alert(1)&lt;/script&gt;",
    "{{7*7}} ${7*7} <%= 7*7 %>",
    "<javascript:alert(1)|click>",
    "<https://evil.example/|https://bank.example/>",
    "\u202egnp.exe\u202c &amp;lt;b&amp;gt;",
    "```<img src=x onerror=alert(1)>```",
    "`<svg onload=alert(1)>`",
    "*<b onmouseover=alert(1)>x</b>*",
    "<data:text/html;base64,PHNjcmlwdD4=|data>",
    '"><script>alert(1)</script>',
    "<!date^1^{date}^javascript:alert(1)|date>",
]


def dialogs_of(page: Page) -> list[str]:
    seen: list[str] = []

    def note(dialog: Dialog) -> None:
        seen.append(dialog.message)
        dialog.dismiss()

    page.on("dialog", note)
    return seen


def test_hostile_text_stays_text_wherever_it_is_shown(stage: Stage, open_page: Opener) -> None:
    def blocks_of(text: str) -> list[dict[str, object]]:
        plain, mrkdwn = {"type": "plain_text", "text": text}, {"type": "mrkdwn", "text": text}
        return [
            {"type": "header", "text": plain},
            {"type": "section", "text": mrkdwn, "fields": [plain, mrkdwn]},
            {"type": "markdown", "text": f"{text}\n\n| {text} | b |\n|---|---|\n| {text} | d |\n\n[{text}]({text})"},
            {
                "type": "rich_text",
                "elements": [{"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}],
            },
            {"type": "table", "rows": [[{"type": "raw_text", "text": text}]]},
            {"type": text, "text": text},
            {
                "type": "actions",
                "elements": [{"type": "button", "text": plain, "action_id": text, "value": text, "url": text}],
            },
        ]

    stage.users[1]["real_name"] = HOSTILE[0]
    stage.messages[INCIDENTS] = [
        {
            "type": "message",
            "user": BEN,
            "username": text,
            "text": text,
            "ts": f"178151{nth:04}.000001",
            **({"blocks": blocks_of(text)} if nth % 2 else {}),
            "attachments": [{"title": text, "title_link": text, "text": text, "image_url": text, "footer": text}],
            "files": [
                {"id": "F", "name": text, "title": text, "mimetype": "text/plain", "preview": text, "url_private": text}
            ],
            "reactions": [{"name": text, "users": [BEN], "count": 1}],
        }
        for nth, text in enumerate(2 * HOSTILE + HOSTILE[:1])
    ]
    page = open_page(f"{stage.address}/?user={ANA}&channel={INCIDENTS}")
    seen = dialogs_of(page)
    shown = page.locator(".rows")
    assert shown.locator("script, iframe, object, embed, img[src='x'], svg[onload], b").count() == 0
    names = set(shown.locator("*").evaluate_all("nodes => nodes.flatMap(n => [...n.attributes].map(a => a.name))"))
    assert not {name for name in names if name.startswith("on")}
    targets = shown.locator("a").evaluate_all("nodes => nodes.map(n => new URL(n.href).protocol)")
    assert set(targets) <= {"http:", "https:", "mailto:", "tel:"}
    assert "{{7*7}}" in shown.inner_text()
    assert "49" not in shown.inner_text()
    assert seen == []


@pytest.mark.parametrize(
    ("text", "html"),
    [
        ("**b** *i* ~~s~~ `c`", '<p><strong>b</strong> <em>i</em> <del>s</del> <code class="code">c</code></p>'),
        ("# One\ntext", '<h3 class="md-h md-h1">One</h3><p>text</p>'),
        ("- a\n- b\n  - c", "<ul><li><p>a</p></li><li><p>b</p><ul><li><p>c</p></li></ul></li></ul>"),
        ("3. a\n4. b", '<ol start="3"><li><p>a</p></li><li><p>b</p></li></ol>'),
        ("> q", "<blockquote><p>q</p></blockquote>"),
        ("a\nb", "<p>a<br>b</p>"),
        ("---", "<hr>"),
        ("<b>x</b> 5 < 6 & 7", "<p>&lt;b&gt;x&lt;/b&gt; 5 &lt; 6 &amp; 7</p>"),
        (r"\*no\* snake_case_x", "<p>*no* snake_case_x</p>"),
        ("```py\nx = '<y>'\n```", "<pre class=\"code-block\"><code>x = '&lt;y&gt;'</code></pre>"),
    ],
)
def test_markdown_blocks_become_what_slack_translates_them_to(drawing: Page, text: str, html: str) -> None:
    assert drawing.evaluate(MARKDOWN, text) == html


def test_deeply_nested_markdown_neither_hangs_nor_breaks_the_page(drawing: Page) -> None:
    for text in (">" * 5000 + "x", "- " * 5000 + "x", "* x " * 2000, "[" * 6000, "a`" * 3001, "_a" * 6000):
        words = drawing.evaluate(MARKDOWN.replace("innerHTML", "textContent"), text)
        letter = "a" if "a" in text else "[" if "[" in text else "x"
        assert words.count(letter) == text.count(letter)


def test_a_text_of_forty_thousand_marks_is_drawn_within_a_second(drawing: Page) -> None:
    timed = """async text => {
        const { mrkdwn } = await import('/_workspace/static/mrkdwn.js');
        const start = performance.now(); mrkdwn(text); return performance.now() - start; }"""
    for text in (
        "*a " * 13000,
        "<@" * 20000,
        "`" * 39999,
        "_*~" * 13000,
        ":a" * 20000,
        "http://" * 5700,
        "&lt;" * 10000,
    ):
        assert drawing.evaluate(timed, text) < 1000, text[:12]
