"""Does changing one value of a YAML file change one line and nothing else?"""

import difflib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.connectors.git.yaml_value import YamlProblem, read_value, replace_value, split_key

PLAIN = b"""# checkout, production
replicas: 3   # never below two
image:
    repository: 'shop/checkout'
    tag: "1.4.2"      # bumped by the release job
env: {CURRENCY: EUR, LIMIT: [1,  2]}
containers:
- name: app
  image: plain-1
- name: side
  image: side-7   # pinned
"""


def _changed_lines(before: bytes, after: bytes) -> list[str]:
    diff = difflib.unified_diff(before.decode().splitlines(True), after.decode().splitlines(True), n=0)
    return [line for line in diff if line[0] in "+-" and not line.startswith(("+++", "---"))]


def test_one_line_changes_and_keeps_its_quotes_indent_and_comment() -> None:
    after = replace_value(PLAIN, "image.tag", "1.4.1")
    assert _changed_lines(PLAIN, after) == [
        '-    tag: "1.4.2"      # bumped by the release job\n',
        '+    tag: "1.4.1"      # bumped by the release job\n',
    ]


def test_windows_line_ends_and_a_byte_order_mark_stay() -> None:
    content = b"\xef\xbb\xbf" + PLAIN.replace(b"\n", b"\r\n")
    assert replace_value(content, "image.tag", "9") == content.replace(b"1.4.2", b"9")


@pytest.mark.parametrize(
    ("key", "was"),
    [("containers.1.image", "side-7"), ("env.CURRENCY", "EUR"), ("env.LIMIT.1", "2"), ("replicas", "3")],
)
def test_values_in_lists_and_flow_style_are_found(key: str, was: str) -> None:
    assert read_value(PLAIN, key) == was
    assert read_value(replace_value(PLAIN, key, "x1"), key) == "x1"


def test_a_dot_in_a_name_is_escaped() -> None:
    content = b"metadata:\n  app.kubernetes.io/version: 1.4.2\n"
    assert read_value(content, r"metadata.app\.kubernetes\.io/version") == "1.4.2"
    assert split_key(r"a\.b.c") == ["a.b", "c"]


@pytest.mark.parametrize(
    ("was", "value", "line"),
    [
        ("1.4.1", "1.4.2", "tag: 1.4.2"),
        ("1.4.1", "1.10", 'tag: "1.10"'),
        ("1.4", "1.5", "tag: 1.5"),
        ("1.4", "v1.5", 'tag: "v1.5"'),
        ("v1", "null", 'tag: "null"'),
        ("v1", "a: b", 'tag: "a: b"'),
        ("v1", "a #b", 'tag: "a #b"'),
        ("'v1'", "it's", "tag: 'it''s'"),
        ("&v 'v1'", "v2", "tag: &v 'v2'"),
        ("!!str 1.4", "1.5", 'tag: !!str "1.5"'),
    ],
)
def test_a_value_keeps_meaning_a_text(was: str, value: str, line: str) -> None:
    after = replace_value(f"image:\n  tag: {was} # c\n".encode(), "image.tag", value)
    assert after.decode() == f"image:\n  {line} # c\n"


@pytest.mark.parametrize(
    ("content", "key", "words"),
    [
        (b"image: {tag: 1}\n", "image.digest", "there is no image.digest"),
        (b"image: {tag: 1}\n", "images.tag", "there is no images"),
        (b"image: {tag: 1}\n", "image", "not a single value"),
        (b"image: {tag: 1}\n", "image..tag", "not a dotted path"),
        (b"image: {tag: 1}\n", "", "not a dotted path"),
        (b"image:\n  tag: |\n    1\n", "image.tag", "block of text"),
        (b"image:\n  tag:\n  x: 1\n", "image.tag", "empty"),
        (b"v: &v 1.4\nimage:\n  tag: *v\n", "image.tag", "alias"),
        (b"image:\n  old: &v 1.4\n  tag: *v\n", "image.tag", "alias"),
        (b"image: [&v a, *v]\n", "image.1", "alias"),
        (b"image: &i {tag: 1}\nother: *i\n", "other.tag", "alias"),
        (b"image:\n\ttag: 1\n", "image.tag", "not valid YAML (line 2)"),
        (b"image: {tag: 1\n", "image.tag", "not valid YAML"),
        (b"image: {tag: 1, tag: 2}\n", "image.tag", "tag stands 2 times"),
        (b"image: {tag: 1}\n---\nimage: {tag: 2}\n", "image.tag", "2 documents"),
        (b"", "image.tag", "empty"),
        (b"\xff\xfe\x00", "image.tag", "not UTF-8"),
        (b"\x00", "image.tag", "not valid YAML"),
        (b"a: " + b"[" * 20_000, "a.tag", "nested too deeply"),
        (b"#" * 1_000_001, "a", "larger than"),
    ],
)
def test_what_cannot_be_changed_is_said_in_words(content: bytes, key: str, words: str) -> None:
    with pytest.raises(YamlProblem) as caught:
        replace_value(content, key, "2")
    assert words in str(caught.value)


def test_only_the_document_that_has_the_key_changes() -> None:
    content = b"kind: Service\n---\nkind: Deployment\nimage: {tag: 1.4.2}\n"
    assert replace_value(content, "image.tag", "1.4.1") == content.replace(b"1.4.2", b"1.4.1")


@settings(deadline=None, max_examples=40)
@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs", "Zl", "Zp")), min_size=1, max_size=30))
def test_any_line_of_text_can_be_written_or_is_refused(value: str) -> None:
    for content in (PLAIN, PLAIN.replace(b'"1.4.2"', b"1.4.2"), PLAIN.replace(b'"1.4.2"', b"'1.4.2'")):
        try:
            after = replace_value(content, "image.tag", value)
        except YamlProblem:
            continue
        assert read_value(after, "image.tag") == value
        assert replace_value(after, "image.tag", "1.4.2").count(b"\n") == content.count(b"\n")
