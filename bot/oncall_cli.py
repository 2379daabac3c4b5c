"""`tocsin oncall`: who is on call, the shifts to come, and is it set up so that everybody can be asked?"""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import typer

from bot.asking.calendars import fetch
from bot.clock import HeldClock, SystemClock
from bot.engine.oncall import Oncall, people_named
from bot.engine.pages import OncallPage
from bot.errors import SettingsError
from bot.main import open_store, policy_of
from bot.oncall.model import Shift
from bot.settings import Settings, load
from bot.slack.render import Renderer

oncall_app = typer.Typer(help="Who is on call: now, in the days to come, and whether everybody can be asked.")

ConfigOption = Annotated[
    Path | None, typer.Option("--config", "-c", help="Settings file; ./tocsin.toml when there is one.")
]
JsonOption = Annotated[bool, typer.Option("--json", help="For a script to read.")]
AHEAD = timedelta(days=30)
GAPS_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Finding:
    """Something that is wrong, or that may be meant. `kind` is worded by templates/text/oncall_check.j2."""

    kind: str
    facts: dict[str, Any] = field(default_factory=dict)
    is_wrong: bool = True


@oncall_app.command()
def who(
    schedule: Annotated[str, typer.Argument(help="A schedule or a service; all when left out.")] = "",
    at: Annotated[str, typer.Option(help="Another moment than now, as in 2026-12-24T18:00Z.")] = "",
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who is on call now, and who comes next."""
    settings = _settings(config)
    page = _oncall(settings, _moment(at) if at else None).page(schedule)
    if as_json:
        typer.echo(json.dumps(_as_json(page), indent=2))
    else:
        typer.echo(Renderer().render_text("text/oncall", page))


@oncall_app.command()
def shifts(
    schedule: Annotated[str, typer.Argument(help="A schedule or a service.")],
    since: Annotated[str, typer.Option(help="As in 2026-12-24; now when left out.")] = "",
    days: Annotated[int, typer.Option(min=1, max=366)] = 14,
    config: ConfigOption = None,
    as_json: JsonOption = False,
) -> None:
    """Who is on call in the days to come, and when nobody is."""
    oncall = _oncall(_settings(config), None)
    begin = _moment(since) if since else SystemClock().now()
    page = oncall.shifts(schedule, begin, begin + timedelta(days=days))
    if as_json:
        gaps = [{"since": a.isoformat(), "until": b.isoformat()} for a, b in page.gaps]
        typer.echo(json.dumps({"schedule": page.schedule, "shifts": _shifts(page.shifts), "gaps": gaps}, indent=2))
    else:
        typer.echo(Renderer().render_text("text/shifts", page))


@oncall_app.command()
def check(config: ConfigOption = None, as_json: JsonOption = False) -> None:
    """Is there always somebody, and can everybody be asked and answer? Exit code 1 when not."""
    settings = _settings(config)
    oncall = _oncall(settings, None)
    oncall.refresh()
    found = [*_about_people(settings), *_about_schedules(settings, oncall), *_about_pagers(settings)]
    words: Any = Renderer().terminal.get_template("text/oncall_check.j2").module
    said = [{"kind": one.kind, "wrong": one.is_wrong, "said": str(words.finding(one))} for one in found]
    if as_json:
        typer.echo(json.dumps(said, indent=2, ensure_ascii=False))
    else:
        for line in said:
            typer.echo(f"{'✗' if line['wrong'] else '·'} {line['said']}")
        if not said:
            typer.echo(str(words.all_well()).strip())
    if any(one.is_wrong for one in found):
        raise typer.Exit(1)


def _about_people(settings: Settings) -> Iterator[Finding]:
    operators = set(settings.slack.operators)
    for person, places in people_named(settings).items():
        if "*" not in operators and not any(o == person or o.endswith(f"/{person}") for o in operators):
            yield Finding("may_not_act", {"person": person, "places": places})


def _about_schedules(settings: Settings, oncall: Oncall) -> Iterator[Finding]:
    asked = {step.schedule for policy in settings.escalation.values() for step in policy.steps}
    for name in settings.oncall:
        line = oncall.page(name).schedules[0]
        if line.calendar_problem:
            yield Finding("calendar", {"schedule": name, "problem": line.calendar_problem})
            continue
        page = oncall.shifts_ahead(name, AHEAD)
        if page.gaps:
            yield Finding("gaps", {"page": page, "shown": page.gaps[:GAPS_SHOWN]}, is_wrong=False)
        unknown = sorted({shift.person for shift in page.shifts if "/" not in shift.person})
        if unknown:
            yield Finding("unknown", {"schedule": name, "names": unknown})
        if name not in asked:
            yield Finding("not_asked", {"schedule": name}, is_wrong=False)


def _about_pagers(settings: Settings) -> Iterator[Finding]:
    used = {step.pager for policy in settings.escalation.values() for step in policy.steps}
    for name, pager in settings.pagers.items():
        if name not in used:
            yield Finding("pager_not_used", {"pager": name}, is_wrong=False)
        hooks = [s for n, s in settings.sources.items() if (s.type or n) == "pagerduty"]
        if pager.type == "pagerduty" and not any(hook.secret for hook in hooks):
            yield Finding("one_way", {"pager": name}, is_wrong=False)


def _oncall(settings: Settings, at: datetime | None) -> Oncall:
    """Reads calendars at addresses that were never read, or not for long."""
    clock = HeldClock(at) if at else SystemClock()
    store = open_store(settings, make=settings.database_url.startswith("sqlite"))
    made = Oncall(store, clock, settings, policy_of(settings, ""), "", fetch)
    if at is None:
        made.refresh()
    return made


def _settings(config: Path | None) -> Settings:
    default = Path("tocsin.toml")
    settings = load(config or (default if default.exists() else None))
    if not settings.oncall:
        raise SettingsError(["oncall: no schedule is set up; docs/oncall.md has an example"])
    return settings


def _moment(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise SettingsError([f"{text[:50]!r} is no time; write it like 2026-12-24T18:00Z"]) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def _as_json(page: OncallPage) -> dict[str, Any]:
    lines = [
        {"schedule": one.name, "timezone": one.zone, "now": _shifts(one.now), "next": _shifts(one.next),
         "until": one.until.isoformat() if one.until else None, "calendar_problem": one.calendar_problem}
        for one in page.schedules
    ]  # fmt: skip
    return {"at": page.now.isoformat(), "schedules": lines}


def _shifts(shifts: tuple[Shift, ...]) -> list[dict[str, str]]:
    return [
        {"person": s.person.lstrip("/"), "since": s.since.isoformat(), "until": s.until.isoformat(), "layer": s.layer}
        for s in shifts
    ]
