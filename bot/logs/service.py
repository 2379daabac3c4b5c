"""What does the miner know of one service, and how does it take in a batch of its lines?

The short road: a line's shape (its digits written 0) leads to an entry, the entry to a template. An entry holds as
long as its leaf did not change. Leaves do not influence each other, so the lines of leaves that stay as they are in a
batch are counted at once; the lines of the others go through the tree one by one in their order. The answers are those
of drain3 fed line by line.
"""

import hashlib
import heapq
import re
from collections import Counter
from collections.abc import Iterable, Sequence

from bot.logs.masks import WILDCARD, Masks, fold_all
from bot.logs.state import MinerSettings, TemplateState
from bot.logs.tree import Leaf, Tree, Words, bucket_of
from bot.logs.variants import HEAD_WORDS, VARIANTS_MAX, Kind, Variant, canonical

_EMBEDDED = re.compile(r"[A-Za-z]<NUM>|<NUM>[A-Za-z]|[A-Za-z][/\-]<NUM>")
WEIGHT_MAX = 300  # characters a remembered line, on average


class Entry:
    """A masked line, and what it led to while its leaf had `version`."""

    __slots__ = ("cluster", "leaf", "variant", "version", "words")
    cluster: Kind
    variant: Variant

    def __init__(self, words: Words, leaf: Leaf) -> None:
        self.words = words
        self.leaf = leaf
        self.version = -1


class Service:
    """The tree, templates and short road of one service."""

    def __init__(self, name: str, settings: MinerSettings, masks: Masks) -> None:
        self.name = name
        self.settings = settings
        self.masks = masks
        self.tree = Tree(similarity=settings.similarity)
        self.lines = 0
        self.limits: Counter[str] = Counter()
        self.by_id: dict[str, Variant] = {}
        self.numbers = 0  # templates so far
        self.dirty: dict[Variant, None] = {}
        self.gone: list[TemplateState] = []
        self._entries: dict[Words, Entry] = {}  # by masked line
        self._shapes: dict[str, Entry] = {}  # by folded line
        self._weight = 0  # characters of the shapes remembered
        self._oldest: list[tuple[int, int]] = []  # heap of (touched, cluster number), to find whom to evict
        self._emptied: list[Leaf] = []
        self.created: dict[Variant, int] = {}  # in the last batch: the place of the line that made it

    # -- a batch

    def take(self, texts: Sequence[str], shapes: Sequence[str] | None = None) -> list[Variant]:
        """The template of each line, in order (follow `root()` for aliases). The lines are bounded and of one line
        each."""
        self.created = {}
        entries = self._look_up(fold_all(texts) if shapes is None else shapes)
        settled = set(entries)
        if self._emptied:
            for entry in settled:
                if entry.leaf.is_gone:
                    entry.leaf, entry.version = self.tree.leaf(entry.words), -1
        open_leaves = {entry.leaf for entry in settled if entry.version != entry.leaf.version}
        if not open_leaves:
            self._count(entries, settled)
            found = [entry.variant for entry in entries]
        else:
            room = self.settings.clusters_max - len(self.tree.id_to_cluster)
            if room < len(settled):  # someone may have to go: then the order across leaves counts
                open_leaves = {entry.leaf for entry in settled}
            self._count(entries, [entry for entry in settled if entry.leaf not in open_leaves])
            found = self._one_by_one(entries, open_leaves)
        self._compare_literals(found, texts)
        self.lines += len(texts)
        self._forget_empty_leaves()
        return found

    def _forget_empty_leaves(self) -> None:
        for leaf in self._emptied:
            if not leaf.clusters and not leaf.is_gone:
                leaf.is_gone = True
                del self.tree.leaves[leaf.key]
        self._emptied = self._emptied[:1]  # one is kept as the sign that entries may point to leaves that are gone

    def _look_up(self, shapes: Sequence[str]) -> list[Entry]:
        """The entry of each line; one that is new has version -1."""
        known = self._shapes
        if len(known) > self.settings.memory_lines or self._weight > self.settings.memory_lines * WEIGHT_MAX:
            known.clear()
            self._entries.clear()
            self._weight = 0
        entries = list(map(known.get, shapes))
        if None in entries:
            masked, entry_of = self.masks.words, self._entry
            for shape in {shapes[place] for place, entry in enumerate(entries) if entry is None}:
                known[shape] = entry_of(masked(shape))
                self._weight += len(shape)
            entries = [known[shape] for shape in shapes]
        return entries  # type: ignore[return-value]

    def _entry(self, words: Words) -> Entry:
        if len(words) > self.settings.words_max:
            self.limits["words_max"] += 1
            words = words[: self.settings.words_max]
        entry = self._entries.get(words)
        if entry is None:
            entry = self._entries[words] = Entry(words, self.tree.leaf(words))
        return entry

    def _count(self, entries: Sequence[Entry], closed: Iterable[Entry]) -> None:
        """The closed entries' lines, whose answers stand: counted, and the place of the last noted."""
        last = dict(zip(entries, range(self.lines + 1, self.lines + len(entries) + 1), strict=True))
        counts = Counter(entries)
        for entry in closed:
            self._use(entry, counts[entry], last[entry])

    def _use(self, entry: Entry, times: int, line: int) -> None:
        cluster, variant = entry.cluster, entry.variant
        cluster.size += times
        variant.size += times
        if line > cluster.touched:
            cluster.touched = line
        if line > variant.touched:
            variant.touched = line
        self.dirty[variant] = None

    def _one_by_one(self, entries: Sequence[Entry], open_leaves: set[Leaf]) -> list[Variant]:
        """The lines of the open leaves go through the tree in their order."""
        found: list[Variant] = []
        for place, entry in enumerate(entries):
            leaf = entry.leaf
            if leaf in open_leaves:
                if entry.version != leaf.version:
                    self._search(entry, place)
                else:
                    self._use(entry, 1, self.lines + place + 1)
            found.append(entry.variant)
        return found

    # -- the long road

    def _search(self, entry: Entry, place: int) -> None:
        """Through the tree, as drain3 does it for a line of these words."""
        leaf, words, line = entry.leaf, entry.words, self.lines + place + 1
        cluster, covers = self.tree.find(leaf, words)
        if cluster is None:
            cluster = self._create(leaf, words, line)
        else:
            assert isinstance(cluster, Kind)
            cluster.size += 1
            before = cluster.log_template_tokens
            if not covers:
                self.tree.generalise(cluster, words)
            if cluster.learn(before, words):
                self._rejoin(cluster)
        cluster.touched = line
        variant = self._variant(cluster, words, place)
        variant.size += 1
        variant.touched = line
        self.dirty[variant] = None
        entry.cluster, entry.variant, entry.version = cluster, variant, leaf.version

    def _create(self, leaf: Leaf, words: Words, line: int) -> Kind:
        tree = self.tree
        if len(tree.id_to_cluster) >= self.settings.clusters_max:
            self._evict(self._least_recent())
        tree.clusters_counter += 1
        cluster = Kind(words, tree.clusters_counter, leaf)
        tree.put(cluster)
        if self._oldest:
            heapq.heappush(self._oldest, (line, cluster.cluster_id))
        return cluster

    def _least_recent(self) -> Kind:
        clusters = self.tree.id_to_cluster
        while True:
            if not self._oldest:
                self._oldest = [(cluster.touched, number) for number, cluster in clusters.items()]
                heapq.heapify(self._oldest)
            touched, number = heapq.heappop(self._oldest)
            cluster = clusters.get(number)
            if cluster is None:
                continue
            if cluster.touched == touched:
                assert isinstance(cluster, Kind)
                return cluster
            heapq.heappush(self._oldest, (cluster.touched, number))

    def _evict(self, cluster: Kind) -> None:
        self.tree.drop(cluster)
        if not cluster.leaf.clusters:
            self._emptied.append(cluster.leaf)
        self.limits["clusters_max"] += 1
        for variant in [*cluster.variants.values(), *cluster.joined]:
            self.dirty.pop(variant, None)
            self.by_id.pop(variant.id, None)
            if variant.is_in_rows:
                self.gone.append(self.row(variant, alive=False))

    def _variant(self, cluster: Kind, line: Words, place: int) -> Variant:
        words = cluster.words_of(line)
        variant = cluster.variants.get(words)
        if variant is None and len(cluster.variants) >= VARIANTS_MAX:
            cluster.give_up()
            self.limits["variants_max"] += 1
            self._rejoin(cluster)
            words = cluster.words_of(line)
            variant = cluster.variants.get(words)
        return variant or self._new_variant(cluster, words, place)

    def _new_variant(self, cluster: Kind, words: Words, place: int) -> Variant:
        self.numbers += 1
        key = canonical(words)
        id = template_id(self.name, key)
        root = self.by_id.get(id)
        if root is not None:
            id = template_id(self.name, key, *words)
            if id in self.by_id:  # another cluster has come to the same words
                id = template_id(self.name, key, *words, str(self.numbers))
        variant = cluster.variants[words] = self.by_id[id] = Variant(id, self.numbers, cluster, words)
        variant.alias = root
        if root is None:
            self.created[variant] = place
        literals = {p: "" for p, word in enumerate(words[:HEAD_WORDS]) if "<NUM>" in word and _EMBEDDED.search(word)}
        if literals:
            variant.literals = literals
        return variant

    def _rejoin(self, cluster: Kind) -> None:
        cluster.leaf.version += 1
        for variant in cluster.rejoin():
            self.dirty[variant] = None

    # -- words with a number in them that never changes: `ssh2`, `jk2_init()`

    def _compare_literals(self, found: list[Variant], texts: Sequence[str]) -> None:
        watched = {variant for variant in set(found) if variant.literals}
        if not watched:
            return
        for variant, text in zip(found, texts, strict=True):
            if variant in watched and variant.literals:
                raw = text.split()
                for place, word in list(variant.literals.items()):
                    now = raw[place] if place < len(raw) else ""
                    if not word:
                        variant.literals[place] = now
                    elif now != word:
                        del variant.literals[place]
                        if self.by_id.get(variant.id) is variant:
                            self.dirty[variant] = None

    # -- rows

    def row(self, variant: Variant, *, alive: bool = True) -> TemplateState:
        cluster = variant.cluster
        carries = next(iter(cluster.variants.values()), variant) is variant
        return TemplateState(
            id=variant.id,
            service=self.name,
            bucket=bucket_of(cluster.log_template_tokens),
            number=variant.number,
            tokens=variant.display(),
            size=variant.size,
            touched=variant.touched,
            cluster=cluster.cluster_id,
            alias_of=variant.root().id if variant.alias is not None else None,
            alive=alive,
            masked={str(place): variant.words[place] for place in variant.literals or ()},
            cluster_tokens=list(cluster.log_template_tokens) if carries else None,
            cluster_places={
                str(place): None if told is None else sorted(told) for place, told in cluster.places.items()
            }
            if carries
            else {},
        )

    def changed(self) -> list[TemplateState]:
        carriers = {next(iter(variant.cluster.variants.values()), variant): None for variant in self.dirty}
        changed = {**self.dirty, **carriers}
        rows = self.gone + [self.row(variant) for variant in changed]
        for variant in changed:
            variant.is_in_rows = True
        self.gone, self.dirty = [], {}
        return rows

    def restore(self, rows: Iterable[TemplateState]) -> None:
        """Rebuild from rows, in any order; nothing may be known yet."""
        ordered = sorted(rows, key=lambda row: row.number)
        clusters: dict[int, list[TemplateState]] = {}
        for row in ordered:
            self.numbers = max(self.numbers, row.number)
            self.lines = max(self.lines, row.touched)
            self.tree.clusters_counter = max(self.tree.clusters_counter, row.cluster)
            if row.alive:
                clusters.setdefault(row.cluster, []).append(row)
        for number in sorted(
            number for number, members in clusters.items() if any(m.cluster_tokens is not None for m in members)
        ):
            self._restore_cluster(number, clusters[number])
        for row in ordered:
            alias = self.by_id.get(row.id)
            if row.alive and alias is not None and row.alias_of is not None:
                gone = Variant(row.alias_of, 0, alias.cluster, ())  # an evicted template keeps its name
                alias.alias = self.by_id.get(row.alias_of, gone)

    def _restore_cluster(self, number: int, rows: Sequence[TemplateState]) -> None:
        carrier = next(row for row in rows if row.cluster_tokens is not None)
        tokens = carrier.cluster_tokens or []
        cluster = Kind(tokens, number, self.tree.leaf(tokens))
        cluster.size = sum(row.size for row in rows)
        cluster.touched = max(row.touched for row in rows)
        cluster.restore_places(
            {int(place): None if told is None else frozenset(told) for place, told in carrier.cluster_places.items()}
        )
        self.tree.put(cluster)
        for row in rows:
            words = tuple(row.masked.get(str(place), token) for place, token in enumerate(row.tokens))
            variant = self.by_id[row.id] = Variant(row.id, row.number, cluster, words)
            variant.size, variant.touched, variant.is_in_rows = row.size, row.touched, True
            if row.masked:
                variant.literals = {int(place): row.tokens[int(place)] for place in row.masked}
            if words in cluster.variants or words != cluster.words_of(words):
                cluster.joined.append(variant)
            else:
                cluster.variants[words] = variant

    def parameters(self, variant: Variant, text: str) -> tuple[str, ...]:
        """The line's values at the template's places, as they stand in the line."""
        spans, constant = self.masks.spans, variant.literals or ()
        found: list[str] = []
        for place, (word, raw) in enumerate(zip(variant.words, text.split(), strict=False)):
            if word == WILDCARD:
                found.append(raw)
            elif "<" in word and place not in constant:
                found += [raw[span.start : span.end] for span in spans(raw)]
        return tuple(found)


def template_id(service: str, *words: str) -> str:
    """16 hex digits made once, from the words that created the template; the same in every worker."""
    text = "".join(f"{len(part)}:{part}" for part in (service, *words))
    return hashlib.blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
