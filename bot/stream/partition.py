"""Which partition does a service belong to?

The publisher computes it, so that it is the same on every bus. The number is fixed: positions are kept per partition.
"""

import zlib

PARTITIONS = 64


def partition_of(service: str) -> int:
    """0 … PARTITIONS-1; the same for a service always and everywhere."""
    return zlib.crc32(service.encode()) % PARTITIONS
