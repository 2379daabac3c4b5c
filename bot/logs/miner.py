"""Which log template does each line belong to?

`Miner.mine` gives every line of a batch its template. Grouping is drain3's, line by line (bot/logs/tree.py); within a
group words that tell events apart keep their lines apart (bot/logs/variants.py). State is rows: `changed()` gives what
to write in the caller's transaction, `restore_service` rebuilds everything from rows, so that a restart or a failed
transaction changes nothing.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from bot.errors import NotFound
from bot.logs.masks import Masks, fold
from bot.logs.multiline import mining_text
from bot.logs.service import Service, template_id
from bot.logs.state import MinerSettings, TemplateState
from bot.logs.tree import bucket_of
from bot.logs.variants import Variant

__all__ = ["Mined", "Miner", "MinerSettings", "Template", "TemplateState", "template_id"]


@dataclass(frozen=True, slots=True)
class Template:
    """`cluster` is the service's own number of drain3's group; `alias_of` names the template this one was joined to."""

    id: str
    service: str
    text: str
    cluster: int
    alias_of: str | None = None


class Mined:
    """What became of one line. `parameters` are as in the redacted line; they are cut out when asked for."""

    __slots__ = ("_service", "_text", "_variant", "is_new", "template_id")

    def __init__(self, service: Service, variant: Variant, template_id: str, is_new: bool, text: str) -> None:
        self._service, self._variant, self._text = service, variant, text
        self.template_id = template_id  # after aliases, as known when the batch was mined
        self.is_new = is_new  # the first line of its template

    @property
    def parameters(self) -> tuple[str, ...]:
        return self._service.parameters(self._variant, self._text)

    @property
    def cluster(self) -> int:
        """The number of drain3's group."""
        return int(self._variant.cluster.cluster_id)

    @property
    def born_as(self) -> str:
        """The template's id before aliases."""
        return self._variant.id

    def __repr__(self) -> str:
        return f"Mined({self.template_id!r}, is_new={self.is_new}, parameters={self.parameters!r})"


class Miner:
    """One per process, for many services. Not safe for threads: one caller at a time."""

    def __init__(
        self,
        settings: MinerSettings | None = None,
        masks: Masks | None = None,
        *,
        masks_of: Mapping[str, Masks] | None = None,
    ) -> None:
        self.settings = settings or MinerSettings()
        self._masks = masks or Masks()
        self._masks_of = dict(masks_of or {})
        self._services: dict[str, Service] = {}

    def mine(self, service: str, texts: Sequence[str]) -> list[Mined]:
        """The template of each line, in order. The lines are redacted already; they may be joined stack traces."""
        state = self._service(service)
        texts = self._prepare(state, texts)
        found = state.take(texts)
        created = state.created
        ids = {variant: variant.root().id for variant in set(found)}
        mined = [Mined(state, variant, ids[variant], False, text) for variant, text in zip(found, texts, strict=True)]
        for variant, place in created.items():
            mined[place].is_new = variant.alias is None
        return mined

    def assign(self, service: str, texts: Sequence[str], shapes: Sequence[str] | None = None) -> list[Variant]:
        """As `mine`, for counting: the template of each line, one object a template; `.root().id` is its id.
        `shapes`: the texts folded, when the caller has them."""
        state = self._service(service)
        found = self._prepare(state, texts)
        return state.take(found, shapes if found is texts else None)

    def parameters(self, service: str, variant: Variant, text: str) -> tuple[str, ...]:
        """A line's values at its template's places, as they stand in the line."""
        return self._service(service).parameters(variant, prepared([text], self.settings)[0])

    def _prepare(self, state: Service, texts: Sequence[str]) -> Sequence[str]:
        limit = self.settings.characters_max
        if max(map(len, texts), default=0) > limit:
            state.limits["characters_max"] += sum(len(text) > limit for text in texts)
        return prepared(texts, self.settings)

    def bucket(self, service: str, text: str) -> int:
        """Which of the service's buckets (0 … 255) a line belongs to: lines of different buckets never meet."""
        state = self._service(service)
        return bucket_of(state.masks.words(fold(self._prepare(state, [text])[0]))[: self.settings.words_max])

    def template(self, template_id: str) -> Template:
        for state in self._services.values():
            variant = state.by_id.get(template_id)
            if variant is not None:
                alias_of = variant.root().id if variant.alias is not None else None
                text = " ".join(variant.display())
                return Template(variant.id, state.name, text, variant.cluster.cluster_id, alias_of)
        raise NotFound("log template", template_id)

    def resolve(self, template_id: str) -> str:
        """The id after aliases, as known now."""
        for state in self._services.values():
            variant = state.by_id.get(template_id)
            if variant is not None:
                return variant.root().id
        return template_id

    def resolved(self, service: str) -> list[str]:
        """The ids of a service's templates, aliases left out."""
        return [id for id, variant in self._service(service).by_id.items() if variant.alias is None]

    def limits(self) -> dict[str, dict[str, int]]:
        """By service and limit: how often it was reached."""
        return {name: dict(state.limits) for name, state in self._services.items() if state.limits}

    def changed(self) -> list[TemplateState]:
        """The rows that are new or changed since the last call, for the caller's transaction.

        Should that transaction fail, call `restore_service` with the rows as they are in the store.
        """
        return [row for state in self._services.values() for row in state.changed()]

    def restore(self, states: Iterable[TemplateState]) -> None:
        """Start again from these rows, and know nothing else."""
        by_service: dict[str, list[TemplateState]] = {}
        for row in states:
            by_service.setdefault(row.service, []).append(row)
        self._services.clear()
        for service, rows in by_service.items():
            self.restore_service(service, rows)

    def restore_service(self, service: str, states: Iterable[TemplateState]) -> None:
        """Forget what is known of one service and rebuild it from its rows (in any order)."""
        self.forget(service)
        self._service(service).restore(states)

    def forget(self, service: str) -> None:
        """Drop a service, as when its partition moves to another worker."""
        self._services.pop(service, None)

    def _service(self, name: str) -> Service:
        state = self._services.get(name)
        if state is None:
            masks = self._masks_of.get(name, self._masks)
            state = self._services[name] = Service(name, self.settings, masks)
        return state


def prepared(texts: Sequence[str], settings: MinerSettings) -> Sequence[str]:
    """The texts as they are masked: of long ones the beginning, of joined ones the head and deepest frame."""
    limit = settings.characters_max
    if max(map(len, texts), default=0) > limit:
        texts = [text[:limit] for text in texts]
    if "\n".join(texts).count("\n") >= len(texts):
        texts = [mining_text(text)[:limit] for text in texts]
    return texts
