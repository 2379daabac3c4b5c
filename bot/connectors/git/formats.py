"""In which format is a file whose value is changed, and what reads and changes it?"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from bot.connectors.git import textproto_value, yaml_value
from bot.connectors.git.textproto_value import TextprotoProblem
from bot.connectors.git.yaml_value import YamlProblem

PROBLEMS = (YamlProblem, TextprotoProblem)


@dataclass(frozen=True, slots=True)
class Format:
    """`read(content, key)` → the value; `replace(content, key, value)` → the content with another one."""

    read: Callable[[bytes, str], str]
    replace: Callable[[bytes, str, str], bytes]
    split: Callable[[str], object]


FORMATS: Mapping[str, Format] = {
    "yaml": Format(yaml_value.read_value, yaml_value.replace_value, yaml_value.split_key),
    "textproto": Format(textproto_value.read_value, textproto_value.replace_value, textproto_value.split_key),
}


def format_of(target: Mapping[str, str]) -> Format:
    return FORMATS[target.get("format", "yaml")]
