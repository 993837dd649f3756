"""People tire of what they saw, keep a short list, hope for less as time goes by, and give up."""

import numpy as np

from carousel.market.hunt import Hunt

STOCK = np.linspace(-10, 0, 1_001)


def hunt(patience: float = 4) -> Hunt:
    return Hunt(STOCK, patience)


def test_a_car_seen_twice_has_lost_its_charm() -> None:
    one = hunt()
    one.look("seen", -0.1)
    one.look("seen", -0.1)
    seen, fresh = one.attraction(["seen", "fresh"], np.array([-0.1, -1.0]))
    assert seen < fresh


def test_only_five_cars_are_considered_and_the_worst_makes_room() -> None:
    one = hunt()
    assert all(one.look(str(n), -0.01 * n) for n in range(5))
    assert not one.look("worse", -0.15)
    assert one.look("best", -0.001)


def test_a_car_that_is_not_worth_a_second_look_is_never_listed() -> None:
    one = hunt()
    assert not one.look("plain", -5)
    assert one.pick() is None
    assert one.pleased(-5) < 0.1 < 0.5 < one.pleased(0)


def test_who_has_looked_for_long_takes_what_they_passed_over_at_first() -> None:
    one = hunt()
    one.look("good", -0.15)
    assert one.pick() is None
    for _ in range(3):
        one.end_session(found=True)
    assert one.pick() == "good"


def test_a_car_that_was_dropped_is_not_taken_again() -> None:
    one = hunt()
    one.look("best", 0)
    assert one.pick() == "best"
    one.drop("best")
    assert not one.look("best", 0)
    assert one.pick() is None


def test_patience_ends_sooner_where_nothing_pleases() -> None:
    lucky, unlucky = hunt(3), hunt(3)
    for _ in range(2):
        lucky.end_session(found=True)
        unlucky.end_session(found=False)
    assert not lucky.is_over
    assert unlucky.is_over


def test_percentiles_are_shares_of_the_stock() -> None:
    assert abs(hunt().percentile(-5) - 0.5) < 0.01
    assert hunt().percentile(1) == 1
