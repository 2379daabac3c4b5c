"""What does `tocsin evaluate` say, on good sets and on bad ones?"""

import json
import random
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bot.cli import app

SERIES = "timestamp,value,label\n"


def run(*arguments: object) -> tuple[int, str, str]:
    done = CliRunner().invoke(app, ["evaluate", *map(str, arguments)])
    return done.exit_code, done.stdout, done.stderr


def a_series(path: Path, *, bad: str = "") -> None:
    rng = random.Random(1)
    rows = [SERIES]
    for i in range(6 * 144):
        is_odd = 700 <= i < 720
        at = f"2026-11-{1 + i // 144:02}T{i % 144 // 6:02}:{i % 6 * 10:02}:00"
        rows.append(f"{at},{rng.gauss(10, 1) + 50 * is_odd},{int(is_odd)}\n")
    path.write_text("".join(rows) + bad)


def test_csv_with_a_label_column_is_scored_beside_simple_baselines(tmp_path: Path) -> None:
    a_series(tmp_path / "disk.csv")
    code, out, _ = run("metrics", tmp_path, "--json")
    assert code == 0
    rows = json.loads(out)["tables"][0]["rows"]
    assert len(rows) >= 5
    assert rows[0]["detector"].startswith("Tocsin")
    assert rows[0]["found"] == "1/1"
    assert rows[0]["lead h"] > 2


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ("2026-11-09T00:00:00,abc,0\n", "disk.csv:866: 'abc' is not a number"),
        ("yesterday,1,0\n", "disk.csv:866: 'yesterday' is not a time"),
        ("2026-11-09T00:00:00,1,perhaps\n", "disk.csv:866: the label 'perhaps' is neither 0 nor 1"),
        ("2026-11-09T00:00:00\n", "disk.csv:866: 3 columns are expected, it has 1"),
    ],
)
def test_a_bad_line_is_named_and_the_other_files_are_scored(tmp_path: Path, bad: str, said: str) -> None:
    a_series(tmp_path / "disk.csv", bad=bad)
    a_series(tmp_path / "other.csv")
    code, out, err = run("metrics", tmp_path)
    assert code == 0
    assert said in err
    assert "1 series" in out


@pytest.mark.parametrize("kind", ["metrics", "logs", "models"])
def test_a_folder_without_a_labelled_set_is_refused_with_the_reason(tmp_path: Path, kind: str) -> None:
    assert run(kind, tmp_path)[0] == 1
    assert "docs/detection.md" in run(kind, tmp_path)[2]
    assert "no such folder" in run(kind, tmp_path / "nothing")[2]


def test_labelled_lines_of_bgl_are_scored_by_the_minute(tmp_path: Path) -> None:
    lines = []
    for i in range(4000):
        label, text = (
            ("KERNDTLB", "FATAL data TLB error interrupt") if 3000 <= i < 3040 else ("-", "INFO parity corrected")
        )
        lines.append(f"{label} {1117838570 + 6 * i} 2005.06.03 R02 2005-06-03-15.42.50 R02 RAS KERNEL {text} {i}\n")
    (tmp_path / "bgl.log").write_text("".join(lines))
    rows = json.loads(run("logs", tmp_path, "--json")[1])["tables"][0]["rows"]
    assert rows[0]["detector"].startswith("Tocsin")
    assert rows[0]["recall"] > 0
    (tmp_path / "bgl.log").write_text("no label here\n")
    assert "bgl.log:1: `LABEL SECONDS" in run("logs", tmp_path)[2]


def test_raw_hdfs_lines_are_grouped_by_block_with_the_labels_beside_them(tmp_path: Path) -> None:
    rng = random.Random(2)
    lines, labels = [], ["BlockId,Label\n"]
    for block in range(400):
        name, is_bad = f"blk_{1000 + block}", block % 40 == 0
        lines.append(
            f"081109 203518 143 INFO dfs.DataNode: Receiving block {name} src: /10.0.0.{rng.randint(1, 9)}:50010\n"
        )
        lines.append(f"081109 203519 143 INFO dfs.DataNode: PacketResponder 1 for block {name} terminating\n")
        if is_bad:
            lines.append(f"081109 203520 143 WARN dfs.DataNode: Got exception while serving {name} to /10.0.0.1\n")
        labels.append(f"{name},{'Anomaly' if is_bad else 'Normal'}\n")
    (tmp_path / "HDFS.log").write_text("".join(lines))
    (tmp_path / "anomaly_label.csv").write_text("".join(labels))
    rows = json.loads(run("logs", tmp_path, "--json")[1])["tables"][0]["rows"]
    assert rows[0]["F1"] == 1.0
    (tmp_path / "anomaly_label.csv").write_text("BlockId,Label\nblk_1,Perhaps\n")
    assert "anomaly_label.csv:2: `BlockId,Normal`" in run("logs", tmp_path)[2]


def test_pairs_of_reference_and_current_rows_are_compared_column_by_column(tmp_path: Path) -> None:
    rng = random.Random(3)
    for name, shift in (("drift-age", 1.0), ("same-age", 0.0)):
        for part, mean in (("reference", 40.0), ("current", 40.0 + 10 * shift)):
            rows = "".join(f"{rng.gauss(mean, 10):.1f},{rng.choice('ab')}\n" for _ in range(800))
            (tmp_path / f"{name}.{part}.csv").write_text("age,plan\n" + rows)
    table = json.loads(run("models", tmp_path, "--json")[1])["tables"][0]
    assert [row["drifted"].split(" ")[0] for row in table["rows"]] == ["age", "–"]
    assert "F1 1.000" in table["notes"][0]
