import numpy as np
import pytest

from carousel.crowd import repository
from carousel.crowd.choice_model import ChoiceModel
from carousel.crowd.space import TraitSpace
from carousel.errors import InputError
from carousel.storage.postgres import Connection


def model(number: int) -> ChoiceModel:
    space = TraitSpace({"make": ("Audi", "BMW")}, {"price": (1_000.0, 2_000.0)}, np.zeros((0, 2)))
    return ChoiceModel(
        space, np.full(4, number, dtype=np.float32), np.zeros((4, 2), dtype=np.float32), {"gain": float(number)}
    )


def served(connection: Connection) -> list[int]:
    return [v.version for v in repository.versions(connection) if v.served]


def test_the_newest_is_served_and_old_ones_go(database: Connection) -> None:
    saved = [repository.save(database, model(i), serve=True) for i in range(7)]
    assert [v.version for v in repository.versions(database)] == saved[::-1][: repository.KEPT]
    assert served(database) == saved[-1:]


def test_a_served_version_is_kept_however_old(database: Connection) -> None:
    first = repository.save(database, model(0), serve=True)
    for i in range(7):
        repository.save(database, model(i), serve=False)
    assert served(database) == [first]
    loaded = repository.load(database, first)
    assert loaded is not None
    assert loaded.figures == {"gain": 0.0}


def test_rolling_back_and_serving_none(database: Connection) -> None:
    first, _ = (repository.save(database, model(i), serve=True) for i in range(2))
    repository.activate(database, first)
    assert served(database) == [first]
    repository.activate(database, None)
    assert served(database) == []
    with pytest.raises(InputError, match="no version 99"):
        repository.activate(database, 99)
