"""Does changing one value of a protobuf text file change it and nothing else? protobuf's own parser reads it after."""

import difflib
from contextlib import suppress

import pytest
from google.protobuf import descriptor_pb2, descriptor_pool, message, message_factory, text_format
from hypothesis import given
from hypothesis import strategies as st

from bot.connectors.git.textproto_value import TextprotoProblem, read_value, replace_value

MODELS = b"""# What the servers of models serve; read anew every minute.
model_config_list {
  config {
    name: 'churn'      # stable is what the shop asks
    base_path: "/models/churn"
    model_platform: 'tensorflow'
    model_version_policy { specific { versions: 42  versions: 43 } }
    version_labels { key: 'stable'  value: 43 }
    version_labels {
      key: 'canary'
      value: 43
    }
  }
  config: <
    name: "price", base_path: "/models/" "price";
    model_version_policy: { specific: { versions: [7] } }
    model_type: TENSORFLOW
  >
}
"""
STABLE = "model_config_list.config[name=churn].version_labels[key=stable].value"
PINNED = "model_config_list.config[name=price].model_version_policy.specific.versions"


def _definition() -> type[message.Message]:
    """ModelServerConfig by tensorflow/serving's model_server_config.proto, as much of it as is used here."""
    file = descriptor_pb2.FileDescriptorProto(name="serving.proto", package="s", syntax="proto3")
    string, int64, enum, inner = 9, 3, 14, 11
    repeated, single = 3, 1
    kinds = file.enum_type.add(name="ModelType")
    for number, name in enumerate(("MODEL_TYPE_UNSPECIFIED", "TENSORFLOW", "OTHER")):
        kinds.value.add(name=name, number=number)
    for name, fields in {
        "Specific": [("versions", 1, int64, repeated, "")],
        "Policy": [("specific", 102, inner, single, "Specific")],
        "Label": [("key", 1, string, single, ""), ("value", 2, int64, single, "")],
        "Config": [
            ("name", 1, string, single, ""),
            ("base_path", 2, string, single, ""),
            ("model_type", 3, enum, single, "ModelType"),
            ("model_platform", 4, string, single, ""),
            ("model_version_policy", 7, inner, single, "Policy"),
            ("version_labels", 8, inner, repeated, "Label"),
        ],
        "List": [("config", 1, inner, repeated, "Config")],
        "ModelServerConfig": [("model_config_list", 1, inner, single, "List")],
    }.items():
        made = file.message_type.add(name=name)
        for field, number, type_, label, of in fields:
            named = {"type_name": f".s.{of}"} if of else {}
            made.field.add(name=field, number=number, type=type_, label=label, **named)
    pool = descriptor_pool.DescriptorPool()
    pool.Add(file)
    return message_factory.GetMessageClass(pool.FindMessageTypeByName("s.ModelServerConfig"))


CONFIG = _definition()


def _parsed(content: bytes) -> message.Message:
    return text_format.Parse(content, CONFIG())


def _changed_lines(before: bytes, after: bytes) -> list[str]:
    diff = difflib.unified_diff(before.decode().splitlines(), after.decode().splitlines(), n=0, lineterm="")
    return [line for line in diff if line[0] in "+-" and not line.startswith(("+++", "---"))]


@pytest.mark.parametrize(
    ("key", "was", "value", "line"),
    [
        (STABLE, "43", "42", "    version_labels { key: 'stable'  value: 42 }"),
        (PINNED, "7", "6", "    model_version_policy: { specific: { versions: [6] } }"),
        (
            "model_config_list.config[name=churn].model_version_policy.specific.versions.1",
            "43",
            "44",
            "    model_version_policy { specific { versions: 42  versions: 44 } }",
        ),
        ("model_config_list.config.0.base_path", "/models/churn", 'a"b\\', '    base_path: "a\\"b\\\\"'),
        ("model_config_list.config[name=price].model_type", "TENSORFLOW", "OTHER", "    model_type: OTHER"),
    ],
)
def test_one_line_changes_and_protobuf_reads_the_new_value(key: str, was: str, value: str, line: str) -> None:
    assert read_value(MODELS, key) == was
    after = replace_value(MODELS, key, value)
    assert _changed_lines(MODELS, after)[1:] == [f"+{line}"]
    assert len(_changed_lines(MODELS, after)) == 2
    assert read_value(after, key) == value
    assert _parsed(after) != _parsed(MODELS)
    assert replace_value(after, key, was) == MODELS


def test_protobuf_finds_the_label_at_the_new_version() -> None:
    config = _parsed(replace_value(MODELS, STABLE, "42")).model_config_list.config[0]  # type: ignore[attr-defined]
    assert {label.key: label.value for label in config.version_labels} == {"stable": 42, "canary": 43}


@pytest.mark.parametrize(
    ("content", "key", "value", "words"),
    [
        (MODELS, "model_config_list.config.name", "x", "stands 2 times; say which, as"),
        (MODELS, "model_config_list.config[name=nope].name", "x", "there is no model_config_list.config[name=nope]"),
        (MODELS, "model_config_list.config.7.name", "x", "there is no model_config_list.config.7"),
        (MODELS, "model_config_list.config.0", "x", "not a single value"),
        (MODELS, "model_config_list.config.1.base_path", "x", "not a single value"),
        (MODELS, "model_config_list.config.0.name.x", "x", "is a value, and has no x"),
        (MODELS, STABLE, "v42", "holds a number; 'v42' is none"),
        (MODELS, "model_config_list.config.1.model_type", "a b", "holds a name without quotes"),
        (MODELS, "", "x", "is not a path"),
        (MODELS, "a..b", "x", "is not a path"),
        (MODELS, "a.b.", "x", "is not a path"),
        (MODELS, "0.a", "x", "is not a path"),
        (b"a { b: 1", "a.b", "2", "line 1: } is missing"),
        (b"a {\n b 1 }", "a.b", "2", "line 2: a colon is missing"),
        (b"a: \n}", "a", "2", "line 2: a value is missing"),
        (b"a: 'x\n", "a", "2", "line 1"),
        (b"a:", "a", "2", "it ends too early"),
        (b"a: [1 2]", "a.0", "2", "a comma or ] is missing"),
        (b"a { " * 101, "a", "2", "nested too deeply"),
        (b"\xff", "a", "2", "not UTF-8"),
        (b"#" * 1_000_001, "a", "2", "larger than"),
    ],
)
def test_what_cannot_be_changed_is_said_in_words(content: bytes, key: str, value: str, words: str) -> None:
    with pytest.raises(TextprotoProblem) as caught:
        replace_value(content, key, value)
    assert words in str(caught.value)


@given(st.text(st.characters(codec="utf-8", exclude_categories=("Cc", "Cs")), max_size=30))
def test_any_line_of_text_is_read_by_protobuf_as_it_was_meant(value: str) -> None:
    for key, at in (("model_config_list.config.0.name", "name"), ("model_config_list.config.0.base_path", "base_path")):
        after = replace_value(MODELS, key, value)
        assert getattr(_parsed(after).model_config_list.config[0], at) == value  # type: ignore[attr-defined]


@given(st.text(alphabet="ab{}<>[]:;,'\"\\#1.-\n _", max_size=40))
def test_nonsense_is_refused_in_words_and_nothing_else(text: str) -> None:
    with suppress(TextprotoProblem):
        assert isinstance(read_value(text.encode(), "a.b"), str)
