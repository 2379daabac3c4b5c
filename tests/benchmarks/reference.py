"""What do others make of the same lines? drain3 0.9.11 fed line by line, as it is used without Tocsin."""

from collections.abc import Callable, Sequence

from drain3.masking import AbstractMaskingInstruction, MaskingInstruction
from drain3.template_miner import TemplateMiner
from drain3.template_miner_config import TemplateMinerConfig

from bot.logs.masks import Masks

README_MASKS = (  # the example drain3.ini of the Drain3 repository
    (r"((?<=[^A-Za-z0-9])|^)(([0-9a-f]{2,}:){3,}([0-9a-f]{2,}))((?=[^A-Za-z0-9])|$)", "ID"),
    (r"((?<=[^A-Za-z0-9])|^)(\d{1,3}\.\d{1,3}\.\d{1,3}\.\d{1,3})((?=[^A-Za-z0-9])|$)", "IP"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9a-f]{6,} ?){3,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)([0-9A-F]{4} ?){4,}((?=[^A-Za-z0-9])|$)", "SEQ"),
    (r"((?<=[^A-Za-z0-9])|^)(0x[a-f0-9A-F]+)((?=[^A-Za-z0-9])|$)", "HEX"),
    (r"((?<=[^A-Za-z0-9])|^)([\-\+]?\d+)((?=[^A-Za-z0-9])|$)", "NUM"),
    (r"(?<=executed cmd )(\".+?\")", "CMD"),
)


class OurMasks(AbstractMaskingInstruction):  # type: ignore[misc]
    """Tocsin's masks as one instruction of drain3's. `memory`: with the memory of words, which belongs to our road."""

    def __init__(self, masks: Masks, *, memory: bool = False) -> None:
        super().__init__("X")
        self._mask: Callable[[str], str] = masks.mask if memory else masks.plain

    def mask(self, content: str, mask_prefix: str, mask_suffix: str) -> str:
        return self._mask(content)


def readme_miner() -> TemplateMiner:
    """drain3 as its README configures it; profiling off."""
    config = TemplateMinerConfig()
    config.masking_instructions = [MaskingInstruction(pattern, name) for pattern, name in README_MASKS]
    config.drain_extra_delimiters = ["_"]
    return TemplateMiner(config=config)


def same_masks_miner(
    masks: Masks, similarity: float, clusters_max: int | None = None, *, memory: bool = False
) -> TemplateMiner:
    """drain3 with Tocsin's masks and settings."""
    config = TemplateMinerConfig()
    config.masking_instructions = [OurMasks(masks, memory=memory)]
    config.drain_sim_th = similarity
    config.drain_max_children = 1 << 60
    config.drain_max_clusters = clusters_max
    return TemplateMiner(config=config)


def clusters(miner: TemplateMiner, lines: Sequence[str]) -> list[int]:
    """The cluster of each line."""
    return [int(miner.add_log_message(line)["cluster_id"]) for line in lines]
