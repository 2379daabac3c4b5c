"""The commands print what they promise."""

import gzip
import json
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner, Result

from bot.mining.cli import masks_app, mine, patterns_app

LINES = [f"2023-01-29T15:38:{i % 60:02} INFO user u{i} took {i} ms on db-{3 if i % 10 else i}" for i in range(60)]
app = typer.Typer()
app.command("mine")(mine)
app.add_typer(masks_app, name="masks")
app.add_typer(patterns_app, name="patterns")


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(app, list(arguments), input=stdin)


@pytest.fixture
def log(tmp_path: Path) -> Path:
    path = tmp_path / "shop.log"
    path.write_text("\n".join(LINES) + "\n")
    return path


def test_mine_prints_one_object_for_each_line_in_order(log: Path) -> None:
    rows = [json.loads(line) for line in run("mine", str(log), "--json").stdout.splitlines()]
    assert [row["line"] for row in rows] == list(range(1, 61))
    assert set(rows[0]) == {"line", "template_id", "cluster_id", "template", "parameters"}
    assert {row["template"] for row in rows} == {"user u<NUM> took <NUM> ms on db-<NUM>"}
    assert rows[7]["parameters"] == ["7", "7", "-3"] or rows[7]["parameters"] == ["7", "7", "3"]


def test_the_reference_groups_the_lines_alike(shared: Path) -> None:
    path = str(shared / "data/logs/loghub/Hadoop/Hadoop_2k.log")
    ours = [json.loads(line) for line in run("mine", path, "--json").stdout.splitlines()]
    theirs = [json.loads(line) for line in run("mine", path, "--json", "--reference").stdout.splitlines()]
    assert len(ours) == len(theirs) == 2_000
    assert [row["cluster_id"] for row in ours] == [row["cluster_id"] for row in theirs]


def test_mine_shows_counts_times_values_and_an_example(log: Path) -> None:
    said = run("mine", str(log)).stdout
    assert "60  " in said
    assert "2023-01-29 15:38:00 … 15:38:59" in said
    assert "e.g. user u0 took 0 ms on db-0" in said
    (row,) = [json.loads(line) for line in run("mine", str(log), "--json", "--summary").stdout.splitlines()]
    assert (row["lines"], len(row["examples"])) == (60, 3)


def test_secrets_never_reach_the_output() -> None:
    said = run("mine", "-", "--json", stdin="2023-01-29T15:38:00 login password=geheim99\n").stdout
    assert "geheim" not in said
    assert "[redacted:password]" in said


def test_packed_files_and_standard_input_are_read_alike(log: Path, tmp_path: Path) -> None:
    packed = tmp_path / "shop.log.gz"
    packed.write_bytes(gzip.compress(log.read_bytes()))
    plain = run("mine", str(log), "--json").stdout
    assert run("mine", str(packed), "--json").stdout == plain
    assert run("mine", "-", "--json", "--service", "shop", stdin=log.read_text()).stdout == plain


def test_masks_try_shows_the_lines_as_the_miner_sees_them(log: Path, tmp_path: Path) -> None:
    masks = tmp_path / "masks.toml"
    masks.write_text('[[mask]]\nname = "USER"\npattern = "(?<=user )u0+|^u0+$"\n')
    assert run("masks", "try", str(log)).stdout.splitlines()[1] == "<TIME> INFO user u<NUM> took <NUM> ms on db-<NUM>"
    assert "user <USER> took" in run("masks", "try", str(log), "--masks", str(masks)).stdout


def test_diff_names_new_vanished_and_shifted_templates(tmp_path: Path) -> None:
    one, other = tmp_path / "one.log", tmp_path / "other.log"
    one.write_text("\n".join(["started up"] + ["got order 1"] * 90 + ["cache warm now"] * 10))
    other.write_text("\n".join(["got order 2"] * 40 + ["cache warm now"] * 60 + ["disk is full"]))
    rows = [json.loads(line) for line in run("patterns", "diff", str(one), str(other), "--json").stdout.splitlines()]
    kinds = {(row["kind"], row["template"]) for row in rows}
    assert ("new", "disk is full") in kinds
    assert ("vanished", "started up") in kinds
    assert ("shifted", "cache warm now") in kinds


def test_diff_compares_two_times_of_one_file(tmp_path: Path) -> None:
    path = tmp_path / "a.log"
    path.write_text("2023-01-29T08:00:00 INFO calm sea\n2023-01-29T09:00:00 INFO rough wind\n")
    said = run("patterns", "diff", "--in", str(path), "2023-01-29T08:00", "2023-01-29T09:00").stdout
    assert "rough wind" in said
    assert "calm sea" in said


@pytest.mark.parametrize(
    "arguments", [["mine", "/nowhere/x.log"], ["patterns", "diff", "--in", "x", "noon", "2023-01-29"]]
)
def test_what_cannot_be_read_is_said_and_the_exit_code_is_1(arguments: list[str]) -> None:
    found = run(*arguments)
    assert found.exit_code == 1
    assert found.stderr.strip()
    assert "Traceback" not in found.stderr


def test_an_unknown_mask_file_is_said(log: Path, tmp_path: Path) -> None:
    bad = tmp_path / "bad.toml"
    bad.write_text("off = ['NOPE']")
    found = run("mine", str(log), "--masks", str(bad))
    assert found.exit_code == 1
    assert "NOPE" in found.stderr


def test_blank_lines_have_their_object_too(tmp_path: Path) -> None:
    path = tmp_path / "gaps.log"
    path.write_text("one thing\n\n\nanother thing\n\n")
    rows = [json.loads(line) for line in run("mine", str(path), "--json").stdout.splitlines()]
    assert [row["line"] for row in rows] == [1, 2, 3, 4, 5]
    assert [row["template"] for row in rows] == ["one thing", "", "", "another thing", ""]


@pytest.mark.parametrize("damage", ["missing", "cut"])
def test_a_damaged_file_is_named_and_the_others_are_mined(log: Path, tmp_path: Path, damage: str) -> None:
    bad = tmp_path / "bad.log.gz"
    if damage == "cut":
        bad.write_bytes(gzip.compress("\n".join(LINES * 40).encode())[:-20])
    found = run("mine", str(bad), str(log), "--json")
    assert found.exit_code == 1
    assert "bad.log.gz" in found.stderr
    lines = len(found.stdout.splitlines())
    assert lines == 60 if damage == "missing" else lines > 60
