"""How is `tocsin.toml` read? Secrets resolved, every problem told at once with its place."""

import os
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import (
    ValidationError,
)

from bot.errors import SettingsError
from bot.settings.whole import Settings


def load(path: Path | None, environment: Mapping[str, str] = os.environ) -> Settings:
    """Settings from `path` (defaults when None) with secrets resolved from `environment` and files."""
    raw: dict[str, Any] = {}
    base = Path()
    if path is not None:
        base = path.parent
        try:
            raw = tomllib.loads(path.read_text(encoding="utf-8"))
        except FileNotFoundError as error:
            raise SettingsError([f"{path}: there is no such file"]) from error
        except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
            raise SettingsError([f"{path}: {error}"]) from error
    problems: list[str] = []
    resolved = _resolve(raw, "", base, environment, problems)
    _add_from_environment(resolved, environment)
    if problems:
        raise SettingsError(problems)
    try:
        return Settings.model_validate(resolved)
    except ValidationError as error:
        raise SettingsError([_problem(detail) for detail in error.errors()]) from error


_ENVIRONMENT = {
    "SLACK_BOT_TOKEN": ("slack", "bot_token"),
    "SLACK_APP_TOKEN": ("slack", "app_token"),
    "SLACK_SIGNING_SECRET": ("slack", "signing_secret"),
    "SLACK_API_URL": ("slack", "api_url"),
    "DATABASE_URL": ("database",),
    "TOCSIN_DATA_DIR": ("data_dir",),
    "PORT": ("http", "port"),
}


def _add_from_environment(raw: dict[str, Any], environment: Mapping[str, str]) -> None:
    """What the file leaves unsaid may come from the usual environment variables."""
    for variable, path in _ENVIRONMENT.items():
        value = environment.get(variable)
        if not value:
            continue
        section = raw
        for part in path[:-1]:
            section = section.setdefault(part, {})
            if not isinstance(section, dict):
                return
        section.setdefault(path[-1], value)


def _resolve(value: Any, path: str, base: Path, environment: Mapping[str, str], problems: list[str]) -> Any:
    if isinstance(value, dict):
        return {k: _resolve(v, f"{path}.{k}" if path else k, base, environment, problems) for k, v in value.items()}
    if isinstance(value, list):
        return [_resolve(item, f"{path}[{i}]", base, environment, problems) for i, item in enumerate(value)]
    if isinstance(value, str) and value.startswith("env:"):
        name = value.removeprefix("env:")
        if name not in environment:
            problems.append(f"{path}: the environment variable {name} is not set")
        return environment.get(name, "")
    if isinstance(value, str) and value.startswith("file:"):
        file = base / value.removeprefix("file:")
        try:
            return file.read_text(encoding="utf-8").strip()
        except OSError as error:
            problems.append(f"{path}: cannot read {file}: {error.strerror}")
            return ""
    return value


def _problem(detail: Any) -> str:
    where = ".".join(str(part) for part in detail["loc"])
    message = str(detail["msg"]).removeprefix("Value error, ")
    if detail["type"] in ("extra_forbidden", "unexpected_keyword_argument"):
        message = "there is no such setting"
    return f"{where}: {message}" if where else message
