"""How bad is a line by its own word? The levels that loggers use, in one order."""

_RANKS = {
    "trace": 0,
    "debug": 1,
    "": 2,
    "info": 2,
    "notice": 3,
    "warn": 4,
    "warning": 4,
    "error": 5,
    "err": 5,
    "severe": 5,
    "critical": 6,
    "crit": 6,
    "fatal": 6,
    "alert": 7,
    "emerg": 7,
    "emergency": 7,
    "panic": 7,
}


def level_rank(level: str) -> int:
    """0 (trace) to 7 (emergency); an unknown or missing level counts as info."""
    return _RANKS.get(level.lower(), 2)


def worse_level(one: str, other: str) -> str:
    return other if level_rank(other) > level_rank(one) or not one else one
