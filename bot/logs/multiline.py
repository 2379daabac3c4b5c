"""Which lines belong together? Stack traces of Python, Java, Go and Node become one text with their line breaks.

A joined text is mined by its head and its deepest frame: `mining_text` names them.
"""

import re
from collections.abc import Iterable, Iterator

LINES_MAX = 512  # of one joined record: a service that logs an endless trace keeps its memory
CHARACTERS_MAX = 32_768

_CONTINUES = re.compile(
    r"[ \t]+\S"  # indented: frames of Java, Node, Python, Go; wrapped text
    r"|Caused by: |Suppressed: |\.\.\. \d+ (?:more|common frames omitted)"
    r"|Traceback \(most recent call last\):"
    r"|(?:During handling of the above exception|The above exception was the direct cause)"
    r"|goroutine \d+ \[[^\]]{1,80}\]:|created by \S|\[signal \S|exit status \d"
    r"|[})\]]+[;,]?$"
)
_GO_FRAME = re.compile(r"[\w./\-()*{}]{1,300}\(.{0,300}\)$")
_EXCEPTION = re.compile(
    r"(?:[A-Za-z_][\w$]*\.)*[A-Za-z_]\w*(?:Error|Exception|Warning|Exit|Interrupt|Failure|Fault)\b(?:: |$|:$)"
)
_PYTHON_HEAD = "Traceback (most recent call last):"
_FRAME = re.compile(
    r"\s*(?:File \"(?P<py>[^\"]{1,400})\", line \d+, in (?P<pyf>\S{1,200})"
    r"|at (?P<java>[^()]{1,300}?)(?: \(| ?\(|$)"
    r"|(?P<go>[\w./\-]{1,200}\.[\w.()*]{1,200})\((?:0x|\.\.\.|\)|\{))"
)


class Joiner:
    """Feed lines in order; each call gives the texts that are complete. One per stream."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._characters = 0
        self._kind = ""
        self.cut = 0  # lines dropped beyond the limits

    def feed(self, line: str) -> list[str]:
        if self._lines and self._continues(line):
            self._keep(line)
            return []
        done = self.flush()
        self._start(line)
        return done

    def flush(self) -> list[str]:
        """The text still held, at the end of the stream or when no line came for a while."""
        lines, self._lines, self._characters, self._kind = self._lines, [], 0, ""
        while lines and not lines[-1].strip():
            lines.pop()
        return ["\n".join(lines)] if lines else []

    def _start(self, line: str) -> None:
        self._lines, self._characters, self._kind = [line], len(line), _kind_of(line)

    def _keep(self, line: str) -> None:
        if len(self._lines) >= LINES_MAX or self._characters + len(line) > CHARACTERS_MAX:
            self.cut += 1
            return
        self._lines.append(line)
        self._characters += len(line)
        self._kind = _kind_of(line) or self._kind

    def _continues(self, line: str) -> bool:
        if not line.strip():
            return self._kind == "go"
        if line.startswith(_PYTHON_HEAD) and "Traceback" not in self._lines[-1]:
            return len(self._lines) == 1 or not self._lines[-1].strip()
        if self._kind == "python" and _EXCEPTION.match(line):
            self._kind = "python-end"
            return True
        if self._kind == "go" and _GO_FRAME.match(line):
            return True
        return _CONTINUES.match(line) is not None


def _kind_of(line: str) -> str:
    if line.endswith(_PYTHON_HEAD) or line.lstrip().startswith('File "'):
        return "python"
    if line.startswith(("goroutine ", "panic: ", "fatal error: ")):
        return "go"
    return ""


def join(lines: Iterable[str]) -> Iterator[str]:
    """The logical lines of a finished stream."""
    joiner = Joiner()
    for line in lines:
        yield from joiner.feed(line)
    yield from joiner.flush()


def mining_text(text: str) -> str:
    """What a text of several lines is mined by: its head, what was raised, and the deepest frame, in one line."""
    if "\n" not in text:
        return text
    lines = [line for line in text.split("\n") if line.strip()]
    if not lines:
        return ""
    head, raised, frame = lines[0].strip(), "", ""
    is_python = any(_PYTHON_HEAD in line for line in lines)
    for line in lines:
        found = _FRAME.match(line)
        if found is None:
            if _EXCEPTION.match(line) and is_python:
                raised = line.strip()
            continue
        if is_python or not frame:  # Python names the deepest frame last, the others first
            frame = _frame_name(found)
    parts = [head]
    if raised and raised != head:
        parts.append(raised)
    return " | ".join([*parts, f"at {frame}"] if frame else parts)


def _frame_name(found: re.Match[str]) -> str:
    if found["py"]:
        return f"{found['py'].replace(chr(92), '/').rsplit('/', 1)[-1]}:{found['pyf']}"
    return (found["java"] or found["go"] or "").strip()
