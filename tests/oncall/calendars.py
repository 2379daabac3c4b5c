"""Calendars to read."""


def calendar(*events: str) -> str:
    inner = "".join(f"BEGIN:VEVENT\nDTSTAMP:20260301T000000Z\n{event}\nEND:VEVENT\n" for event in events)
    return f"BEGIN:VCALENDAR\nVERSION:2.0\nPRODID:-//Example//EN\n{inner}END:VCALENDAR\n"
