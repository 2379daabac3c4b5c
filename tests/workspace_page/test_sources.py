"""Do the page's files keep their promises: data never becomes markup, nothing comes from elsewhere, files are short?"""

import re
from html.parser import HTMLParser

import pytest

from tests.workspace_page.stage import STATIC

SCRIPTS = sorted(STATIC.glob("*.js"))
STYLES = sorted(STATIC.glob("*.css"))
MARKUP_FROM_TEXT = re.compile(
    r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|createContextualFragment|setHTML|srcdoc|"
    r"\beval\b|new Function|javascript:"
)
ADDRESS = re.compile(r"""["'`(](?:https?:|wss?:)?//[\w-]""")


@pytest.mark.parametrize("path", SCRIPTS, ids=lambda path: path.name)
def test_a_script_never_makes_markup_from_text_and_fetches_nothing_from_elsewhere(path: object) -> None:
    text = (STATIC / str(path)).read_text()
    assert not MARKUP_FROM_TEXT.findall(text)
    addresses = [found for found in ADDRESS.findall(text) if "w3.org" not in text]
    assert addresses == []
    assert len(text.splitlines()) <= 500
    assert text.startswith("// ")
    question = text.split("import ")[0].split("\n\n")[0]
    assert "?" in question, "the first comment says which question the file answers"


def test_every_import_is_a_file_of_the_page() -> None:
    assert len(SCRIPTS) > 20
    for path in SCRIPTS:
        for name in re.findall(r'from "([^"]+)"', path.read_text()):
            assert name.startswith("./"), (path.name, name)
            assert (STATIC / name).is_file(), (path.name, name)


class Tags(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.found: list[tuple[str, dict[str, str | None]]] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.found.append((tag, dict(attrs)))


def test_the_document_has_no_inline_code_and_a_policy_that_forbids_it() -> None:
    tags = Tags()
    tags.feed((STATIC / "index.html").read_text())
    policies = [attrs["content"] for _, attrs in tags.found if attrs.get("http-equiv") == "Content-Security-Policy"]
    assert len(policies) == 1
    assert policies[0] is not None
    assert "'unsafe" not in policies[0]
    assert "default-src 'none'" in policies[0]
    for tag, attrs in tags.found:
        assert tag != "style"
        assert tag != "script" or attrs.get("src", "")
        assert not [name for name in attrs if name.startswith("on") or name == "style"]
        for name in ("src", "href"):
            assert (attrs.get(name) or "/_workspace/static/").startswith("/_workspace/static/")


@pytest.mark.parametrize("path", STYLES, ids=lambda path: path.name)
def test_a_stylesheet_loads_nothing(path: object) -> None:
    text = (STATIC / str(path)).read_text()
    assert "@import" not in text
    assert "url(" not in text
