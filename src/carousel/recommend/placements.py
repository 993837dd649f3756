"""How each placement recommends: one TOML file, checked strictly, varied for shares of the shoppers by experiments."""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from hashlib import blake2b
from importlib.resources import files
from itertools import accumulate
from math import isclose
from pathlib import Path
from typing import Annotated, Any, Required, Self, cast, get_args, get_origin, get_type_hints

from pydantic import BaseModel, ConfigDict, Field, TypeAdapter, ValidationError, model_validator
from typing_extensions import TypedDict  # that of typing cannot be read by pydantic before Python 3.12

from carousel.errors import StartError
from carousel.recommend.query import PLACEMENTS, Placement
from carousel.recommend.rules import STRICT, At, Rule

Weight = Annotated[float, Field(ge=0, le=10)]
Cap = Annotated[int, Field(ge=1, le=10)]
Name = Annotated[str, Field(pattern=r"^[\w.-]{1,40}$")]
_UNKNOWN = ("extra_forbidden", "unexpected_keyword_argument")


class Weights(TypedDict, total=False):
    """What each term of the score counts; 0 leaves it out."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    taste: Weight
    crowd: Weight
    factors: Weight
    popularity: Weight
    freshness: Weight
    distance: Weight
    interests: Weight
    last_viewed: Weight


class Caps(TypedDict, total=False):
    """Most listings per 10 places that share a make, model or merchant."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    make: Cap
    model: Cap
    merchant: Cap


class Knobs(TypedDict, total=False):
    """What a section of the file may say of a placement."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    exploration: Annotated[float, Field(ge=0, le=0.5)]
    diversity: Annotated[float, Field(ge=0, le=5)]
    seen: bool
    weights: Weights
    caps: Caps


class Variant(Knobs, total=False):
    """A share of the shoppers, and the knobs that are different for them."""

    share: Required[Annotated[float, Field(ge=0, le=1)]]


class Experiment(BaseModel):
    """An A/B test. The order of the variants matters: a new one at the end moves the fewest shoppers."""

    model_config = ConfigDict(**STRICT, frozen=True)

    name: Name
    variants: Annotated[dict[Name, Variant], Field(min_length=2)]
    placements: At = get_args(Placement)

    @model_validator(mode="after")
    def _shares_are_all(self) -> Self:
        total = sum(variant["share"] for variant in self.variants.values())
        if not isclose(total, 1, abs_tol=1e-6):
            raise ValueError(f"the shares add up to {total:g}; make them add up to 1")
        return self

    def variant_of(self, shopper_id: str) -> str:
        """Return the shopper's variant: always the same, and independent of every other experiment."""
        key = f"{len(self.name)}:{self.name}{shopper_id}".encode()
        point = int.from_bytes(blake2b(key, digest_size=8).digest()) / 2**64
        names = list(self.shares)
        bounds = accumulate(self.shares.values())
        # The shares add up to 1 but for rounding, so the last variant takes what is left.
        return next((name for name, bound in zip(names, bounds, strict=True) if point < bound), names[-1])

    @property
    def shares(self) -> dict[str, float]:
        """Return the share of each variant that has one, in their order: what decides who is in which."""
        return {name: variant["share"] for name, variant in self.variants.items() if variant["share"] > 0}


class File(TypedDict, total=False):
    """The whole file."""

    __pydantic_config__ = STRICT  # type: ignore[misc]
    default: Knobs
    home: Knobs
    detail: Knobs
    search: Knobs
    saved: Knobs
    email: Knobs
    rules: tuple[Rule, ...]
    experiments: tuple[Experiment, ...]


@dataclass(frozen=True, slots=True)
class PlacementSettings:
    """The knobs of one placement for one shopper."""

    name: str
    variant: str | None
    """The experiments' variants this shopper is in, as "experiment:variant" with commas between; None without any."""
    weights: Weights
    caps: Caps
    exploration: float
    diversity: float
    seen: bool


@dataclass(frozen=True, slots=True)
class Placements:
    """Every placement's knobs, rules and experiments. `digest` changes with any of them."""

    knobs: Mapping[str, Knobs]
    rules: tuple[Rule, ...]
    experiments: tuple[Experiment, ...]
    digest: str

    def of(self, placement: str, shopper_id: str) -> PlacementSettings:
        """Return a placement's settings for a shopper."""
        knobs, variants = self.knobs[placement], []
        for experiment in self.experiments:
            if placement in experiment.placements:
                name = experiment.variant_of(shopper_id)
                variants.append(f"{experiment.name}:{name}")
                knobs = _over(knobs, experiment.variants[name])
        return PlacementSettings(
            name=placement, variant=",".join(variants) or None, weights=knobs["weights"], caps=knobs["caps"],
            exploration=knobs["exploration"], diversity=knobs["diversity"], seen=knobs["seen"],
        )  # fmt: skip

    def shares(self, placement: str) -> dict[str, dict[str, float]]:
        """Return the shares of the variants of every experiment at a placement."""
        return {one.name: one.shares for one in self.experiments if placement in one.placements}


def load(path: Path | None = None) -> Placements:
    """Read the packaged settings and, over them, what a file of one's own names.

    :raises StartError: naming the file, the key, its value and the cure.
    """
    text = files("carousel.recommend").joinpath("placements.toml").read_text(encoding="utf-8")
    packaged, own, own_text = _checked("placements.toml", text), File(), ""
    if path is not None:
        try:
            own_text = path.expanduser().read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StartError(f"{path} cannot be read: {error}; name another or none") from error
        own = _checked(str(path), own_text)
    knobs: dict[str, Knobs] = {}
    for name in PLACEMENTS:
        # The packaged section of a placement differs from the default on purpose, so it lies over one's own default.
        below = _over(packaged["default"], own.get("default", {}))
        knobs[name] = _over(_over(below, cast("Knobs", packaged.get(name, {}))), cast("Knobs", own.get(name, {})))
    digest = blake2b(f"{text}\0{own_text}".encode(), digest_size=8).hexdigest()
    return Placements(knobs, own.get("rules", ()), own.get("experiments", ()), digest)


def _over(below: Knobs, above: Knobs) -> Knobs:
    """Lay the knobs of one section over those of another; weights and caps one by one."""
    return {
        **below,
        **above,
        "weights": {**below.get("weights", {}), **above.get("weights", {})},
        "caps": {**below.get("caps", {}), **above.get("caps", {})},
    }


def _checked(file: str, text: str) -> File:
    try:
        found: File = TypeAdapter(File).validate_python(_tuples(tomllib.loads(text)))
    except tomllib.TOMLDecodeError as error:
        raise StartError(f"{file} is not TOML: {error}; mend that place") from error
    except ValidationError as error:
        raise StartError(f"{file}: {_complaint(error)}") from None
    for kind in ("rules", "experiments"):
        names = [x.name for x in cast("tuple[Rule | Experiment, ...]", found.get(kind, ()))]
        for name in names:
            if names.count(name) > 1:
                raise StartError(f"{file}: {kind}: the name {name!r} is there twice; give each its own")
    return found


def _tuples(value: Any) -> Any:
    """Return the content with lists as tuples, which nobody can change."""
    if isinstance(value, dict):
        return {key: _tuples(inner) for key, inner in value.items()}
    return tuple(_tuples(inner) for inner in value) if isinstance(value, list) else value


_IN_TOML = {
    "Input should": "it should", "a valid boolean": "true or false", "valid dictionary": "table",
    "an instance of Where": "a table", "tuple": "list", "Dictionary": "it", "Tuple": "it", " after validation": "",
    "String should match pattern": "it should match", "a valid date": "a date without quotes, such as 2026-03-01",
}  # fmt: skip
"""What pydantic says of Python, in words of the file."""


def _complaint(error: ValidationError) -> str:
    """Say one mistake in one line: key, value and cure. An unknown key comes first, it may explain a missing one."""
    first = min(error.errors(), key=lambda one: one["type"] not in _UNKNOWN)
    at = [step for step in first["loc"] if step != "[key]"]
    key = "".join(f"[{step + 1}]" if isinstance(step, int) else f".{step}" for step in at).removeprefix(".")
    if first["type"] in _UNKNOWN:
        known = list(_keys_at(at[:-1]))
        close = get_close_matches(str(at[-1]), known, n=1)
        return f"{key}: there is no such key; " + (
            f"did you mean {close[0]!r}?" if close else f"use {', '.join(known)}"
        )
    if first["type"] == "missing":
        return f"{key} is missing; write it"
    if first["type"] == "tuple_type" and isinstance(first["input"], dict):
        return f"{key}: it should be a list of tables; write [[{key}]] with two brackets"
    said, value = first["msg"].removeprefix("Value error, "), first["input"]
    for python, toml in _IN_TOML.items():
        said = said.replace(python, toml)
    if first["type"] == "value_error" or isinstance(value, dict):
        return f"{key}: {said}"
    return f"{key} is {list(value) if isinstance(value, tuple) else value!r}: {said}"


def _keys_at(path: list[int | str]) -> Mapping[str, Any]:
    """Return the keys that are known at a place of the file, with their types."""
    keys: Mapping[str, Any] = get_type_hints(File)
    for step in path:
        if step not in keys:
            continue  # the number of a rule, the name of a variant
        kind = keys[str(step)]
        while get_origin(kind) is not None:
            kind = next(x for x in reversed(get_args(kind)) if x is not Ellipsis)
        keys = get_type_hints(kind)
        if issubclass(kind, BaseModel):
            keys = {f.alias or name: keys[name] for name, f in kind.model_fields.items()}
    return keys
