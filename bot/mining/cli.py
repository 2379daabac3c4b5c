"""What do people type to look into logs? `tocsin mine`, `tocsin masks try` and `tocsin patterns diff`.

The commands read files, plain or packed by gzip or zstd, or standard input as `-`, and print text or JSON lines.
"""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Annotated

import msgspec
import typer
from rich.console import Console
from rich.progress import BarColumn, Progress, TaskProgressColumn, TextColumn, TimeRemainingColumn

from bot.errors import InputError
from bot.files import STDIN, lines_of, size_of, written_at
from bot.logs.masks import Masks, from_toml
from bot.logs.miner import Miner, MinerSettings
from bot.logs.multiline import join
from bot.logs.parse import clean
from bot.logs.redact import Redactor
from bot.logs.timestamps import parse_any
from bot.mining.report import Difference, LineFound, Mining, Read, TemplateFound, between, differences, read, reference

LINE_BYTES_MAX = 1 << 20  # the rest of a longer line is not read into memory
_UNKNOWN = datetime.fromtimestamp(0, UTC)

masks_app = typer.Typer(help="Try which parts of lines are taken for values.", no_args_is_help=True)
patterns_app = typer.Typer(help="Compare the log templates of two files or times.", no_args_is_help=True)

FilesArgument = Annotated[list[str], typer.Argument(help="Log files, plain, .gz or .zst; - is standard input.")]
MasksOption = Annotated[Path | None, typer.Option("--masks", help="A TOML file of masks beside the built-in ones.")]
ServiceOption = Annotated[str, typer.Option("--service", help="The service; the first file's name when left out.")]
JoinOption = Annotated[bool, typer.Option("--join", help="Join stack traces to one record before mining.")]


def mine(
    files: FilesArgument,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line of input, in order.")] = False,
    summary: Annotated[bool, typer.Option("--summary", help="With --json: one object a template.")] = False,
    service: ServiceOption = "",
    masks: MasksOption = None,
    plain: Annotated[bool, typer.Option("--reference", help="By drain3 alone, line by line, to compare with.")] = False,
    join_traces: JoinOption = False,
) -> None:
    """The log templates of some files: how often, from when to when, examples and values."""
    with _said():
        name = service or _name_of(files[0])
        found_masks, inputs = _masks(masks), _Files(files)
        batches = inputs.read(name, join_traces=join_traces)
        if plain:
            _print_lines(reference(name, batches, found_masks, MinerSettings()))
            inputs.end()
            return
        mining = Mining(name, Miner(masks=found_masks))
        for batch in batches:
            mining.take(batch)
        if as_json and not summary:
            _print_lines(mining.lines())
        elif as_json:
            for row in mining.templates():
                _write(msgspec.json.encode(asdict(row)))
        else:
            _print_templates(mining.templates())
        for limit, times in mining.miner.limits().get(name, {}).items():
            typer.echo(f"note: the limit {limit} was reached {times} times", err=True)
        inputs.end()


@masks_app.command("try")
def try_masks(files: FilesArgument, masks: MasksOption = None) -> None:
    """Each line as the miner sees it: secrets hidden, values as marks."""
    with _said():
        found, redactor, inputs = _masks(masks), Redactor(), _Files(files)
        for line in inputs.lines():
            _write(found.mask(redactor.redact(clean(line))).encode("utf-8", "replace"))
        inputs.end()


@patterns_app.command("diff")
def diff_patterns(
    before: Annotated[str, typer.Argument(help="A log file, or with --in a time: 2023-01-29T08:43.")],
    after: Annotated[str, typer.Argument(help="The file or time to compare with it.")],
    within: Annotated[str, typer.Option("--in", help="One file to compare two times of.")] = "",
    minutes: Annotated[int, typer.Option(help="With --in: how long each time lasts.", min=1)] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a template.")] = False,
    masks: MasksOption = None,
) -> None:
    """New, vanished and shifted log templates between two files, or two times of one file."""
    with _said():
        miner = Miner(masks=_masks(masks))
        one, other = Mining("", miner), Mining("", miner)
        for mining, name in ((one, before), (other, after)):
            start = _time(name) if within else None
            inputs = _Files([within or name])
            for batch in between(inputs.read(""), start, timedelta(minutes=minutes) if within else None):
                mining.take(batch)
            inputs.end()
        for difference in differences(one, other):
            _write(msgspec.json.encode(asdict(difference)) if as_json else _worded(difference).encode())


def _worded(difference: Difference) -> str:
    return f"{difference.kind:<9}{difference.before:>9} →{difference.after:>9}  {difference.template}"


def _time(text: str) -> datetime:
    at = parse_any(text)
    if at is None:
        raise InputError("not a time (try 2023-01-29T08:43)", place=text)
    return at.astimezone(UTC)


def _masks(path: Path | None) -> Masks:
    if path is None:
        return Masks()
    try:
        return from_toml(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError) as error:
        raise InputError(f"cannot be read: {error}", place=str(path)) from error


def _name_of(file: str) -> str:
    return "stdin" if file == STDIN else Path(file).name.split(".", 1)[0]


class _Files:
    """The lines of some files. What is wrong with one is said, and the others are read."""

    def __init__(self, names: Sequence[str]) -> None:
        self.names = names
        self.is_damaged = False

    def read(self, service: str, *, join_traces: bool = False) -> Iterator[list[Read]]:
        near = written_at(self.names[0], _UNKNOWN)
        return read(join(self.lines()) if join_traces else self.lines(), service, Redactor(), near)

    def lines(self) -> Iterator[str]:
        with _progress() as shown:
            task = shown.add_task("reading", total=sum(map(size_of, self.names)) or None)
            for name in self.names:
                try:
                    for _, line, _ in lines_of(name, LINE_BYTES_MAX, partial(shown.advance, task), blank=True):
                        yield line.decode("utf-8", "replace")
                except InputError as error:
                    typer.echo(str(error), err=True)
                    self.is_damaged = True

    def end(self) -> None:
        """Exit code 1 when something could not be read."""
        sys.stdout.buffer.flush()
        if self.is_damaged:
            raise typer.Exit(1)


def _progress() -> Progress:
    """On standard error, and only on a terminal."""
    err = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), TaskProgressColumn(), TimeRemainingColumn())
    return Progress(*columns, console=err, transient=True, redirect_stdout=False, disable=not err.is_terminal)


def _print_lines(found: Iterator[LineFound]) -> None:
    encode = msgspec.json.Encoder().encode
    for line in found:
        _write(encode(asdict(line)))


def _print_templates(rows: Sequence[TemplateFound]) -> None:
    for row in rows:
        when = f"  {row.first_at:%Y-%m-%d %H:%M:%S} … {row.last_at:%H:%M:%S}" if row.first_at and row.last_at else ""
        _write(f"{row.lines:>9}  {row.template_id}{when}\n{'':11}{row.template}".encode("utf-8", "replace"))
        for said in row.parameters:
            _write(f"{'':13}{said}".encode("utf-8", "replace"))
        for example in row.examples[:1]:
            _write(f"{'':13}e.g. {example[:300]}".encode("utf-8", "replace"))


def _write(line: bytes) -> None:
    sys.stdout.buffer.write(line + b"\n")


@contextmanager
def _said() -> Iterator[None]:
    """What is wrong with the input, in words, and exit code 1."""
    try:
        yield
        sys.stdout.buffer.flush()
    except InputError as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from error
    except BrokenPipeError as error:  # the reader, as `head`, has seen enough
        raise typer.Exit(0) from error
