"""How would drain3 alone group these lines? Its own TemplateMiner, line by line, with our masks and settings.

For comparing (`tocsin mine --reference`), and what the tests measure the short road against.
"""

from collections.abc import Callable, Sequence

from drain3.drain import LogCluster
from drain3.masking import AbstractMaskingInstruction
from drain3.template_miner import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig

from bot.logs.masks import Masks
from bot.logs.state import MinerSettings


class PlainMiner:
    """drain3's TemplateMiner for one service. `memory`: masks with their memory of words, which is part of our road."""

    def __init__(self, settings: MinerSettings, masks: Masks, *, memory: bool = False) -> None:
        config = TemplateMinerConfig()  # never read from ./drain3.ini
        mask = masks.mask if memory else masks.plain
        config.masking_instructions = [_Instruction(mask, settings.words_max)]
        config.drain_sim_th = settings.similarity
        config.drain_max_children = 1 << 60
        config.drain_max_clusters = settings.clusters_max
        self._miner = TemplateMiner(config=config)

    def mine(self, texts: Sequence[str]) -> list[int]:
        """The cluster of each line, in order."""
        return [int(self._miner.add_log_message(text)["cluster_id"]) for text in texts]

    def text(self, cluster: int) -> str:
        """The cluster's template; '' when it was evicted."""
        found: LogCluster | None = self._miner.drain.id_to_cluster.get(cluster)
        return str(found.get_template()) if found is not None else ""


class _Instruction(AbstractMaskingInstruction):  # type: ignore[misc]
    """All our masks as one of drain3's."""

    def __init__(self, mask: Callable[[str], str], words_max: int) -> None:
        super().__init__("ANY")
        self._mask, self._words_max = mask, words_max

    def mask(self, content: str, mask_prefix: str, mask_suffix: str) -> str:
        masked = self._mask(content)
        if len(masked) < 2 * self._words_max:
            return masked
        words = masked.split()
        return masked if len(words) <= self._words_max else " ".join(words[: self._words_max])
