"""What does the terminal tell of the demo? What happens in the shop, and the channel as text as it changes."""

from dataclasses import dataclass, field
from datetime import datetime

from rich.console import Console
from rich.text import Text

from bot.clock import Clock
from bot.demo.channel import Shown

_STYLES = {"shop": "yellow", "Ana": "magenta", "Ben": "blue", "story": "bold green"}


@dataclass
class Narrator:
    """Writes on `out`, with the time since `began`. Colours only where a terminal shows them."""

    out: Console
    clock: Clock
    channel: str = ""
    began: datetime = field(init=False)
    _seen: dict[str, Shown] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.began = self.clock.now()

    def tells(self, who: str, sentence: str) -> None:
        """One thing that happened."""
        self._print(who, sentence, _STYLES.get(who, "cyan"))

    def shows(self, messages: list[Shown]) -> None:
        """The channel as it stands now: prints what is new in it and what has changed."""
        for message in messages:
            before = self._seen.get(message.ts)
            self._seen[message.ts] = message
            if before is None:
                self._print(self._place(message), self._as_new(message), "cyan")
            elif before.gist != message.gist:
                self._print(self._place(message), f"{message.author} (message changed): {message.gist}", "cyan")

    def remembers(self, messages: list[Shown]) -> None:
        """What stood there before the start is not told again, except for the last message of the channel itself."""
        last = max((message.ts for message in messages if not message.is_reply), default="")
        self._seen |= {message.ts: message for message in messages if message.ts != last}

    def _as_new(self, message: Shown) -> str:
        only = " (only you see this)" if message.only_for_me else ""
        if message.is_reply and not message.buttons:
            return f"{message.author}{only}: {message.gist}"
        return f"{message.author}{only}: {message.text}"

    def _place(self, message: Shown) -> str:
        return f"{self.channel} ↳" if message.is_reply else self.channel

    def _print(self, who: str, sentence: str, style: str) -> None:
        elapsed = int((self.clock.now() - self.began).total_seconds())
        time, name = f"{elapsed // 60:3d}:{elapsed % 60:02d}  ", f"{who:<14} "
        text = Text().append(time, style="dim").append(name, style=style)
        text.append(sentence.replace("\n", "\n" + " " * (len(time) + len(name))))
        self.out.print(text, soft_wrap=True)
