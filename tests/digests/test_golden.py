"""Are digests worded as the texts that were read and found good? `python -m tests.digests.golden` writes them anew."""

import pytest

from tests.digests.golden import FOLDER, GOLDEN


@pytest.mark.parametrize("name", GOLDEN)
def test_a_digest_reads_as_it_was_found_good(name: str) -> None:
    assert GOLDEN[name]() + "\n" == (FOLDER / f"{name}.txt").read_text(encoding="utf-8")


def test_every_text_belongs_to_a_day() -> None:
    assert {path.stem for path in FOLDER.iterdir()} == set(GOLDEN)
