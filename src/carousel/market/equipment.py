"""Which equipment a car has: more of it in newer cars, in better trims and in dearer models."""

import math
from collections.abc import Iterable
from random import Random

from carousel.market.facts import Engine, Model

# Per feature: log-odds in a 2018 compact of middle trim, and how much a year, a full step of trim and a doubling of
# the new price add to it.
_ODDS: dict[str, tuple[float, float, float, float]] = {
    "air_conditioning": (4.0, 0.20, 1.0, 1.0),
    "automatic_climate_control": (0.2, 0.12, 2.4, 1.8),
    "bluetooth": (1.8, 0.35, 1.5, 0.8),
    "cruise_control": (1.2, 0.22, 1.8, 1.4),
    "adaptive_cruise_control": (-2.0, 0.32, 1.8, 1.6),
    "navigation": (-0.4, 0.18, 2.2, 1.5),
    "android_auto": (-0.3, 0.55, 1.0, 0.4),
    "apple_carplay": (-0.3, 0.55, 1.0, 0.4),
    "dab_radio": (-0.4, 0.30, 1.0, 0.7),
    "digital_cockpit": (-2.2, 0.42, 1.6, 1.2),
    "head_up_display": (-3.4, 0.20, 2.2, 1.6),
    "premium_audio": (-2.8, 0.08, 2.4, 1.5),
    "parking_sensors_rear": (1.0, 0.16, 1.8, 1.4),
    "parking_sensors_front": (-0.6, 0.18, 1.8, 1.6),
    "rear_view_camera": (-0.9, 0.32, 1.6, 1.2),
    "camera_360": (-3.6, 0.30, 1.8, 1.6),
    "blind_spot_monitor": (-1.8, 0.26, 1.6, 1.2),
    "lane_assist": (-0.8, 0.42, 1.2, 1.0),
    "led_headlights": (-0.8, 0.40, 1.8, 1.4),
    "matrix_led": (-3.2, 0.30, 2.0, 1.8),
    "alloy_wheels": (1.0, 0.08, 2.6, 1.4),
    "heated_seats": (0.2, 0.08, 2.0, 1.2),
    "heated_steering_wheel": (-2.4, 0.24, 1.6, 1.0),
    "leather_seats": (-2.6, -0.02, 2.2, 2.2),
    "sport_seats": (-1.8, 0.06, 2.4, 1.0),
    "electric_tailgate": (-2.6, 0.20, 1.8, 2.0),
    "keyless_entry": (-1.4, 0.20, 2.0, 1.4),
    "panoramic_roof": (-2.6, 0.06, 1.8, 1.4),
    "ambient_light": (-2.0, 0.22, 1.8, 1.2),
    "roof_rails": (-1.0, 0.02, 0.4, 0.2),
    "tow_bar": (-1.8, -0.02, 0.1, 0.4),
    "winter_tyres": (-1.4, -0.04, 0.0, 0.2),
    "isofix": (2.4, 0.15, 0.2, 0.2),
    "sport_suspension": (-3.0, 0.00, 2.4, 0.8),
    "air_suspension": (-6.0, 0.04, 1.5, 2.6),
}
_NOT_IN: dict[str, frozenset[str]] = {
    "roof_rails": frozenset({"coupe", "convertible", "sedan", "hatchback", "city_car", "pickup"}),
    "electric_tailgate": frozenset({"coupe", "convertible", "city_car", "pickup"}),
    "panoramic_roof": frozenset({"convertible", "pickup", "van"}),
    "tow_bar": frozenset({"coupe", "convertible", "city_car"}),
    "air_suspension": frozenset({"hatchback", "city_car", "pickup", "van"}),
}
_SINCE = {
    "android_auto": 2015, "apple_carplay": 2015, "digital_cockpit": 2014, "matrix_led": 2013, "led_headlights": 2010,
    "camera_360": 2010, "lane_assist": 2008, "dab_radio": 2008, "blind_spot_monitor": 2007,
}  # fmt: skip
"""The first model year that could be ordered with it."""
_ONLY_ELECTRIC = {"dc_fast_charging": 2.6, "heat_pump": -0.2}
_REFERENCE_PRICE = 30_000.0


def pick_features(rng: Random, model: Model, engine: Engine, year: int, trim: float) -> tuple[str, ...]:
    """Return feature codes in alphabetical order.

    :param trim: 0 for the plainest trim of the model, 1 for the best.
    """
    doublings = math.log2(model.price_from_eur / _REFERENCE_PRICE)
    chosen = {
        code
        for code, (base, per_year, per_trim, per_doubling) in _ODDS.items()
        if model.body_type not in _NOT_IN.get(code, ())
        and year >= _SINCE.get(code, 0)
        and _happens(rng, base + per_year * (year - 2018) + per_trim * (trim - 0.5) + per_doubling * doublings)
    }
    if engine.fuel_type == "electric":
        chosen |= {code for code, odds in _ONLY_ELECTRIC.items() if _happens(rng, odds)}
    return tuple(sorted(_consistent(chosen)))


def _happens(rng: Random, log_odds: float) -> bool:
    return rng.random() < 1 / (1 + math.exp(-log_odds))


def _consistent(features: Iterable[str]) -> set[str]:
    """Add what a feature cannot be without, and drop what it replaces."""
    chosen = set(features)
    if {"android_auto", "apple_carplay"} & chosen:  # they come together
        chosen |= {"android_auto", "apple_carplay"}
    for better, needed in (
        ("automatic_climate_control", "air_conditioning"),
        ("adaptive_cruise_control", "cruise_control"),
        ("parking_sensors_front", "parking_sensors_rear"),
        ("camera_360", "rear_view_camera"),
        ("matrix_led", "led_headlights"),
        ("heated_steering_wheel", "heated_seats"),
        ("android_auto", "bluetooth"),
    ):
        if better in chosen:
            chosen.add(needed)
    return chosen
