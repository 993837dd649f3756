"""Two sentences about a car, true to its fields: what it went through and what makes it worth a look."""

from collections.abc import Sequence
from random import Random

from carousel.catalogue.listing import BodyType, Condition, FuelType

_WORDS = {
    "adaptive_cruise_control": "adaptive cruise control", "navigation": "navigation", "heated_seats": "heated seats",
    "rear_view_camera": "a rear-view camera", "apple_carplay": "Apple CarPlay", "led_headlights": "LED headlights",
    "panoramic_roof": "a panoramic roof", "leather_seats": "leather seats", "tow_bar": "a tow bar",
    "winter_tyres": "a second set of winter tyres", "head_up_display": "a head-up display",
    "premium_audio": "the premium sound system", "matrix_led": "matrix LED headlights",
    "air_suspension": "air suspension", "electric_tailgate": "an electric tailgate",
    "automatic_climate_control": "automatic climate control",
    "parking_sensors_rear": "parking sensors", "cruise_control": "cruise control", "sport_seats": "sport seats",
    "keyless_entry": "keyless entry", "heat_pump": "a heat pump", "blind_spot_monitor": "a blind-spot monitor",
    "air_conditioning": "air conditioning", "alloy_wheels": "alloy wheels",
}  # fmt: skip
# Whoever writes an advertisement names the rarest first.
_RANK = {code: rank for rank, code in enumerate((
    "air_suspension", "head_up_display", "matrix_led", "panoramic_roof", "premium_audio", "leather_seats", "heat_pump",
    "adaptive_cruise_control", "electric_tailgate", "tow_bar", "winter_tyres", "rear_view_camera", "sport_seats",
    "blind_spot_monitor", "keyless_entry", "apple_carplay", "led_headlights", "navigation", "heated_seats",
    "automatic_climate_control", "parking_sensors_rear", "cruise_control", "alloy_wheels", "air_conditioning",
))}  # fmt: skip

_NEW = (
    "Brand-new car in stock, ready to be registered in your name.",
    "New car with full manufacturer's warranty, available at once in {city}.",
)
_DEMO = (
    "Our demonstrator, driven by staff and customers and looked after in our own workshop.",
    "Demonstration car of our showroom in {city} with the rest of the manufacturer's warranty.",
)
_PRE_REGISTERED = (
    "Registered for a day, never driven: as good as new for much less.",
    "Day registration with the manufacturer's warranty, parked in our showroom in {city} since.",
)
_FIRST_OWNER = (
    "One owner from new, always kept with care.",
    "Bought new by its only owner and never smoked in.",
    "First-hand car in very tidy condition.",
)
_DEALER_USED = (
    "Checked in our workshop in {city} and ready to drive away.",
    "Well-kept car that we know from its last services.",
    "Taken in part exchange and inspected before it came on our forecourt.",
)
_PRIVATE_USED = (
    "For sale because a new car has arrived; it runs without problems and can be seen in {city} at weekends.",
    "Our reliable everyday car, sold only because we need something different.",
    "Private sale from {city}, non-smoker, everything works as it should.",
)
_DAMAGED = (
    "Damaged and priced for it: it drives, but needs body work before the next inspection.",
    "With accident damage that was not repaired; a project for somebody with a workshop.",
)


def describe(
    rng: Random, *, condition: Condition, owners: int, damaged: bool, features: Sequence[str], fuel_type: FuelType,
    range_km: float | None, dealer: bool, city: str, body_type: BodyType,
) -> str:  # fmt: skip
    """Return two sentences in English that say nothing the fields do not."""
    stories: tuple[str, ...]
    if damaged:
        stories = _DAMAGED
    elif condition == "new":
        stories = _NEW
    elif condition == "demo":
        stories = _DEMO
    elif condition == "pre_registered":
        stories = _PRE_REGISTERED
    elif owners == 1 and rng.random() < 0.6:
        stories = _FIRST_OWNER
    else:
        stories = _DEALER_USED if dealer else _PRIVATE_USED
    return f"{rng.choice(stories).format(city=city)} {_equipment(features, fuel_type, range_km, body_type)}"


def _equipment(features: Sequence[str], fuel_type: FuelType, range_km: float | None, body_type: BodyType) -> str:
    named = [_WORDS[code] for code in sorted((f for f in features if f in _RANK), key=_RANK.__getitem__)[:3]]
    if fuel_type == "electric" and range_km:
        return f"Goes about {range_km:.0f} km on a charge{_with(', with', named)}."
    if not named:
        return "A simple car with nothing on board that could break."
    if len(features) < 8:
        return f"On board {'is' if len(named) == 1 else 'are'}{_with('', named)}."
    roomy = {"wagon": "Plenty of room behind", "minivan": "Room for everybody", "van": "Room for everything"}
    return f"{roomy.get(body_type, 'Nicely equipped')}{_with(', with', named)}."


def _with(joint: str, names: Sequence[str]) -> str:
    if not names:
        return ""
    *most, last = names
    return f"{joint} {', '.join(most)} and {last}" if most else f"{joint} {last}"
