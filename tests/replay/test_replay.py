"""What does `tocsin replay` say of real files?"""

import gzip
import json
from pathlib import Path
from typing import Any

import pytest
import zstandard

from tests.replay import story
from tests.replay.conftest import Run


def incidents(output: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in output.splitlines()]


def is_the_story(found: list[dict[str, Any]], service: str = "checkout") -> bool:
    (incident,) = found
    assert incident["service"] == service
    assert incident["opened_at"] == "2026-03-01T11:01:05Z"
    assert "2026-03-01T11:06" < incident["resolved_at"] < "2026-03-01T11:20"
    assert any("no rate for currency" in template for template in incident["templates"])
    return True


@pytest.mark.parametrize("form", ["plain", "json_lines", "csv_lines"])
@pytest.mark.parametrize("folded", ["", ".gz", ".zst"])
def test_the_incident_is_found_in_every_form_of_file(run: Run, tmp_path: Path, form: str, folded: str) -> None:
    body: bytes = getattr(story, form)()
    body = {"": body, ".gz": gzip.compress(body), ".zst": zstandard.ZstdCompressor().compress(body)}[folded]
    file = tmp_path / f"checkout.log{folded}"
    file.write_bytes(body)
    result = run(file, "--json")
    assert result.exit_code == 0
    assert is_the_story(incidents(result.stdout))


def test_the_text_says_what_would_have_been_posted_and_when(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checkout.log").write_bytes(story.plain())
    result = run(tmp_path / "checkout.log")
    assert result.exit_code == 0
    assert "2026-03-01 11:01:05 UTC  MAJOR  checkout" in result.stdout
    assert "payment refused: no rate for currency" in result.stdout
    assert "INC-1 checkout: quiet again by itself" in result.stdout
    assert "2,520 lines, 1 service," in result.stderr
    assert "1 incident (1 major)" in result.stderr


def test_standard_input_is_read(run: Run) -> None:
    result = run("-", "--json", "--service", "checkout", stdin=story.plain())
    assert is_the_story(incidents(result.stdout))


def test_several_files_are_merged_by_time_in_any_order(run: Run, tmp_path: Path) -> None:
    whole = story.plain().splitlines(keepends=True)
    for index in range(3):
        (tmp_path / f"part{index}.log").write_bytes(b"".join(whole[index::3]))
    files = [tmp_path / f"part{index}.log" for index in (2, 0, 1)]
    merged = run(*files, "--json", "--service", "checkout")
    (tmp_path / "one.log").write_bytes(b"".join(whole))
    assert is_the_story(incidents(merged.stdout))
    assert incidents(merged.stdout) == incidents(run(tmp_path / "one.log", "--json", "--service", "checkout").stdout)


def test_a_change_before_the_trouble_is_its_first_suspect(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checkout.log").write_bytes(story.plain())
    changes = [
        {"kind": "deploy", "service": "checkout", "version": "1.4.2", "at": "2026-03-01T10:58:30Z", "by": "ana"},
        {"kind": "deploy", "service": "web", "version": "7", "at": "2026-03-01T10:10:00Z"},
    ]
    for body in ("\n".join(map(json.dumps, changes)), json.dumps(changes)):
        (tmp_path / "changes.json").write_text(body)
        found = incidents(run(tmp_path / "checkout.log", "--json", "--changes", tmp_path / "changes.json").stdout)
        assert is_the_story(found)
        assert "1.4.2" in found[0]["suspects"][0]["label"]


@pytest.mark.parametrize(
    ("body", "says"),
    [
        ('{"kind": "deploy"}', "changes.json:1: service: it is missing"),
        ('{"kind": "deploy", "service": "a"}', "changes.json:1: at: it is missing"),
        ('{"kind": "flag", "service": "a", "at": 1}\nnothing', "changes.json:2: it is not JSON"),
        ("[1]", "changes.json:1: a JSON object is expected"),
    ],
)
def test_a_bad_change_is_a_usage_error_that_names_the_place(run: Run, tmp_path: Path, body: str, says: str) -> None:
    (tmp_path / "changes.json").write_text(body)
    (tmp_path / "a.log").write_bytes(story.plain())
    result = run(tmp_path / "a.log", "--changes", tmp_path / "changes.json")
    assert result.exit_code == 2
    assert says in result.stderr


@pytest.mark.parametrize(
    "arguments", [("--speed", "fast"), ("--service", "<!here>"), ("--changes", "/nowhere"), ("--rate", "0")]
)
def test_a_wrong_call_exits_with_two(run: Run, tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "a.log").write_bytes(story.plain())
    assert run(tmp_path / "a.log", *arguments).exit_code == 2


def test_what_is_wrong_with_a_file_is_said_and_the_rest_is_processed(run: Run, tmp_path: Path) -> None:
    good = tmp_path / "checkout.log"
    good.write_bytes(story.plain())
    (tmp_path / "empty.log").write_bytes(b"")
    (tmp_path / "blank.log").write_bytes(b"\n \n")
    (tmp_path / "program").write_bytes(bytes(range(256)) * 50)
    (tmp_path / "cut.log.gz").write_bytes(gzip.compress(story.plain())[:-400])
    (tmp_path / "folder").mkdir()
    (tmp_path / "untimed.log").write_text("one\ntwo\n")
    names = ["empty.log", "blank.log", "program", "cut.log.gz", "folder", "untimed.log", "missing.log"]
    result = run(good, *(tmp_path / name for name in names), "--json", "--service", "checkout")
    assert result.exit_code == 0
    assert len(incidents(result.stdout)) == 1
    said = result.stderr
    for name, words in {
        "empty.log": "it is empty",
        "blank.log": "it has no lines",
        "program": "it is no text",
        "cut.log.gz": "ends early; the lines up to there are used",
        "folder": "this is a folder",
        "untimed.log": "--rate N",
        "missing.log": "there is no such file",
    }.items():
        assert any(f"{name}: " in line and words in line for line in said.splitlines()), name
    assert "7 files with problems" in said


def test_when_nothing_can_be_read_it_exits_with_one(run: Run, tmp_path: Path) -> None:
    result = run(tmp_path / "missing.log")
    assert result.exit_code == 1
    assert "there is no such file" in result.stderr
    assert result.stdout == ""


def test_a_file_that_may_not_be_read_is_named(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "secret.log").write_bytes(story.plain())

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, "open", refuse)  # root may read everything, so the refusal is played
    result = run(tmp_path / "secret.log")
    assert result.exit_code == 1
    assert "secret.log: it may not be read by this user" in result.stderr


def test_lines_without_a_time_take_the_one_before_and_are_counted(run: Run, tmp_path: Path) -> None:
    lines = story.plain().splitlines(keepends=True)
    lines[0:0] = [b"starting up\n", b"second line of the banner\n"]
    lines[500:500] = [b"a line that somebody printed\n"] * 5
    (tmp_path / "checkout.log").write_bytes(b"".join(lines))
    result = run(tmp_path / "checkout.log", "--json")
    assert is_the_story(incidents(result.stdout))
    assert "7 lines without a time of their own" in result.stderr


def test_a_log_without_any_time_is_replayed_at_a_rate(run: Run, tmp_path: Path) -> None:
    texts = b"".join(line.split(b" ", 1)[1] for line in story.plain().splitlines(keepends=True))
    (tmp_path / "checkout.log").write_bytes(texts)
    assert run(tmp_path / "checkout.log").exit_code == 1
    result = run(tmp_path / "checkout.log", "--json", "--rate", "27")
    (incident,) = incidents(result.stdout)
    assert any("no rate for currency" in template for template in incident["templates"])


def test_hostile_lines_stop_nothing_and_secrets_are_not_printed(run: Run, tmp_path: Path) -> None:
    hostile = [
        b"\x1b[31mred\x1b[0m <!channel> `x` {{7*7}} {% raise %}\n",
        b"nul \x00 byte \xff\xfe bad utf-8 \xe2\x80\xae rtl\n",
        b"2026-03-01T11:00:10Z ERROR login failed password=hunter2 token=xoxb-1234567890-abcdefghij\n" * 40,
        b"2026-03-01T11:00:11Z ERROR " + b"y" * 1_000_000 + b"\n",
        b'{"a":' * 5000 + b"\n",
    ]
    (tmp_path / "checkout.log").write_bytes(story.plain() + b"".join(hostile))
    result = run(tmp_path / "checkout.log")
    assert result.exit_code == 0
    assert "\x1b" not in result.stdout
    assert "hunter2" not in result.stdout
    assert "1 line cut" in result.stderr


def test_utf_16_is_read(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checkout.log").write_bytes(story.plain().decode().encode("utf-16"))
    assert is_the_story(incidents(run(tmp_path / "checkout.log", "--json").stdout))


def test_a_day_of_a_quiet_service_posts_nothing(run: Run, tmp_path: Path) -> None:
    quiet = [line for line in story.plain().splitlines(keepends=True) if b"payment" not in line]
    (tmp_path / "checkout.log").write_bytes(b"".join(quiet))
    result = run(tmp_path / "checkout.log", "--json")
    assert (result.exit_code, result.stdout) == (0, "")


def test_the_settings_decide(run: Run, tmp_path: Path) -> None:
    (tmp_path / "checkout.log").write_bytes(story.plain())
    (tmp_path / "tocsin.toml").write_text("[detection]\nlearning_minutes = 80\n")
    result = run(tmp_path / "checkout.log", "--json", "--config", tmp_path / "tocsin.toml")
    assert (result.exit_code, result.stdout) == (0, "")
