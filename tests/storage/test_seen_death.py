"""The index of seen ids after a death between any two of its lines."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

from storage.seen import Seen, as_keys
from tests.storage.dying import die_at_every_line
from tests.storage.test_seen import join, open_seen

OLD = list(range(520))
NEW = list(range(520, 560))


def test_death_while_adding_and_growing_loses_nothing(tmp_path: Path) -> None:
    """Ids that were added before are found; a replay makes the rest whole, each id once."""
    image, folder = tmp_path / "image", tmp_path / "run"
    image.mkdir()
    seen = open_seen(image, ids_max=2_000)
    seen.add_new(join(OLD), 1)
    while not seen._table.is_growing():
        seen._table.grow(3)
    seen.close()
    opened: list[Seen] = []

    def act(_: int) -> Callable[[], object]:
        shutil.rmtree(folder, ignore_errors=True)
        shutil.copytree(image, folder)
        opened.append(open_seen(folder, ids_max=2_000))
        return lambda: opened[-1].add_new(join(NEW), 2)

    deaths = 0
    for _ in die_at_every_line(act):
        deaths += 1
        opened.pop().close()
        again = open_seen(folder, ids_max=2_000)
        assert again.find_duplicates(as_keys(join(OLD))).all()
        again.add_new(join(NEW), 2)
        assert again.find_duplicates(as_keys(join(OLD + NEW))).all()
        while again._table.is_growing():
            again._table.grow(5)
        assert again.find_duplicates(as_keys(join(OLD + NEW))).all()
        assert not again.find_duplicates(as_keys(join(list(range(1_000, 3_000))))).any()
        again.close()
    opened.pop().close()
    assert deaths > 80
