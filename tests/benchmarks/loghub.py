"""How well do found templates match the labels of Loghub? GA, FGA, PA and FTA as Loghub-2.0 defines them.

Khan et al. (ICSE 2022) and Jiang et al. (ISSTA 2024). Template texts of both sides are written in one normal form
first, by the rules those benchmarks use (Khan et al.: double space, boolean, user string, digit, path, word with
variable, dot-separated variables, consecutive variables), so that `blk_<*>` and `<*>` count as the same.
"""

import csv
import re
from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

_SPLIT_PATH = re.compile(r"([\s,!;:=|\"'\[\](){}])")
_SPLIT = re.compile(r"([\s,!;:=|\"'\[\](){}.\-+@#$%&])")
_WORDS = frozenset({"true", "false", "null", "root", "admin"})


@dataclass(frozen=True, slots=True)
class Labelled:
    """One system of the benchmark: its lines' messages, and of each line the event and template."""

    name: str
    raw: tuple[str, ...]
    messages: tuple[str, ...]
    events: tuple[str, ...]
    templates: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Score:
    grouping: float  # GA: lines in a group that is exactly a labelled group
    grouping_f1: float  # FGA: the same by templates
    parsing: float  # PA: lines whose template's text is right
    template_f1: float  # FTA: templates whose group and text are right


def load(folder: Path) -> Labelled:
    """`folder` holds NAME_2k.log and NAME_2k.log_structured_corrected.csv."""
    name = folder.name
    with (folder / f"{name}_2k.log_structured_corrected.csv").open(errors="replace", newline="") as file:
        rows = list(csv.DictReader(file))
    raw = (folder / f"{name}_2k.log").read_text(errors="replace").splitlines()
    columns = ([row[key] for row in rows] for key in ("Content", "EventId", "EventTemplate"))
    messages, events, templates = (tuple(column) for column in columns)
    return Labelled(name, tuple(raw[: len(rows)]), messages, events, templates)


def score(labelled: Labelled, ids: Sequence[str], texts: Sequence[str]) -> Score:
    """`ids` and `texts`: of each line, the found template's id and text (named masks count as `<*>`)."""
    truth_of, found_of = _groups(labelled.templates), _groups(ids)
    right = {group for group, lines in found_of.items() if truth_of[labelled.templates[lines[0]]] == lines}
    text_of = {group: normal(re.sub(r"<[A-Z_]+>", "<*>", texts[lines[-1]])) for group, lines in found_of.items()}
    truth_text = {template: normal(template) for template in truth_of}
    parsed = sum(text_of[g] == truth_text[t] for g, t in zip(ids, labelled.templates, strict=True))
    both = sum(text_of[g] == truth_text[labelled.templates[found_of[g][0]]] for g in right)
    lines = len(labelled.messages)
    return Score(
        sum(len(found_of[group]) for group in right) / lines,
        _f1(len(right), len(found_of), len(truth_of)),
        parsed / lines,
        _f1(both, len(found_of), len(truth_of)),
    )


def normal(template: str) -> str:
    """A template's text in the benchmark's normal form."""
    template = re.sub(r"\s+", " ", template.strip())
    template = "".join(_path(part) for part in _SPLIT_PATH.split(template))
    template = "".join(_word(part) for part in _SPLIT.split(template))
    for old in ("<*>.<*>", "<*><*>", "<*>:<*>", "<*>/<*>"):
        while old in template:
            template = template.replace(old, "<*>")
    while " -<*>" in template:
        template = template.replace(" -<*>", " <*>")
    return re.sub(r"<\*> [KGTM]?B\b", "<*>", template)


def _path(part: str) -> str:
    is_path = re.match(r"^(/[^/]+)+/?$", part) or re.match(r"^([a-z0-9-]+\.){2,}[a-z]+$", part)
    return "<*>" if is_path or all(x in part for x in ("<*>", ".", "/")) else part


def _word(part: str) -> str:
    if part.lower() in _WORDS or re.match(r"^[^\s/]*<\*>[^\s/]*$", part):
        return "<*>"
    digits = sum(c.isdigit() for c in part)
    if digits >= 4 or (digits and not any(c.isupper() for c in part) and digits / len(part) > 0.3):
        return "<*>"
    return part


def _groups(keys: Sequence[str]) -> dict[str, list[int]]:
    groups: dict[str, list[int]] = defaultdict(list)
    for index, key in enumerate(keys):
        groups[key].append(index)
    return groups


def _f1(right: int, found: int, labelled: int) -> float:
    return 2 * right / (found + labelled) if found + labelled else 0.0


def mistakes(labelled: Labelled, ids: Sequence[str], texts: Sequence[str]) -> list[str]:
    """For a person: which labelled templates were split or joined, the costliest first."""
    truth_of, found_of = _groups(labelled.templates), _groups(ids)
    said = []
    for template, lines in sorted(truth_of.items(), key=lambda item: -len(item[1])):
        parts = Counter(ids[line] for line in lines)
        if len(parts) == 1 and found_of[next(iter(parts))] == lines:
            continue
        shown = [f"{n}/{len(found_of[i])} {texts[found_of[i][0]]}" for i, n in parts.most_common(4)]
        said.append(f"{len(lines)} {template}\n      " + "\n      ".join(shown))
    return said
