"""What can go wrong between those who accept batches and those who mine them?"""

from bot.errors import ConnectorError


class BusFull(ConnectorError):
    """The workers are behind and the bus has no more room: the sender must wait. `taken`: the services whose part of
    the batch had been taken before; sent again under its key it counts once."""

    def __init__(self, message: str, *, connector: str = "", taken: frozenset[str] = frozenset()) -> None:
        self.taken = taken
        super().__init__(message, permanent=False, connector=connector)


class BatchesLost(ConnectorError):
    """Batches that were accepted are no longer there. `lost` says how many, 0 when that cannot be known."""

    def __init__(self, message: str, *, lost: int, first_seq: int, connector: str = "") -> None:
        self.lost, self.first_seq = lost, first_seq
        super().__init__(message, permanent=True, connector=connector)
