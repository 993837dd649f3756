"""One file says how each placement recommends; a mistake in it is named with its cure."""

import re
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from carousel.errors import StartError
from carousel.recommend.placements import Experiment, Placements, load
from carousel.recommend.query import PLACEMENTS

DOCUMENT = Path(__file__).parents[2] / "docs" / "placements.md"
RULE = "[[rules]]\nname = 'a'\naction = 'exclude'\n"
BOOST = "[[rules]]\nname = 'a'\naction = 'boost'\n"
EXPERIMENT = "[[experiments]]\nname = 'e'\n[experiments.variants.a]\nshare = 0.5\n[experiments.variants.b]\n"


def own(tmp_path: Path, text: str) -> Placements:
    file = tmp_path / "own.toml"
    file.write_text(text)
    return load(file)


def experiment(name: str, **shares: float) -> Experiment:
    variants = {variant: {"share": share} for variant, share in shares.items()}
    return Experiment(name=name, variants=variants)  # type: ignore[arg-type]


def test_the_packaged_file_says_all_of_every_placement() -> None:
    for name in PLACEMENTS:
        settings = load().of(name, "anna")
        assert set(settings.weights) == {
            "taste", "crowd", "factors", "popularity", "freshness", "distance", "interests", "last_viewed",
        }  # fmt: skip
        assert set(settings.caps) == {"make", "model", "merchant"}
        assert settings.variant is None


def test_an_own_file_changes_only_what_it_names(tmp_path: Path) -> None:
    after = own(tmp_path, "[default]\nexploration = 0.3\n[home]\nseen = true\nweights = { taste = 2 }\n")
    before, home = load().of("home", "anna"), after.of("home", "anna")
    assert (home.exploration, home.seen, home.weights) == (0.3, True, {**before.weights, "taste": 2})
    assert (home.caps, home.diversity) == (before.caps, before.diversity)
    email = after.of("email", "anna")
    assert (email.exploration, email.seen, email.weights) == (0.3, False, before.weights)


def test_the_example_of_the_documents_is_right(tmp_path: Path) -> None:
    example = re.findall(r"^```toml\n(.*?)^```$", DOCUMENT.read_text(), flags=re.MULTILINE | re.DOTALL)
    placements = own(tmp_path, *example)
    assert (len(placements.rules), len(placements.experiments)) == (3, 1)
    assert placements.of("detail", "anna").seen


def test_the_documents_say_what_is_packaged() -> None:
    """The second column of the table of knobs."""
    said = dict(re.findall(r"^\| `([a-z_.]+)` \| ([\w.]+) \|", DOCUMENT.read_text(), flags=re.MULTILINE))
    home = load().of("home", "anna")
    known = {"exploration": home.exploration, "diversity": home.diversity} | {
        f"weights.{name}": weight for name, weight in home.weights.items()
    }
    assert {name: float(said[name]) for name in known} == known
    caps = re.search(r"`caps.make`, `.model`, `.merchant` \| (\d), (\d), (\d) \|", DOCUMENT.read_text())
    assert caps is not None
    assert list(map(int, caps.groups())) == [home.caps["make"], home.caps["model"], home.caps["merchant"]]


def test_the_digest_changes_with_the_file(tmp_path: Path) -> None:
    one, other = own(tmp_path, "[home]\nseen = true\n"), own(tmp_path, "[home]\nseen = false\n")
    assert len({load().digest, one.digest, other.digest}) == 3
    assert load().digest == load().digest


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[home]\nexplorations = 0.1", "home.explorations: there is no such key; did you mean 'exploration'?"),
        ("[homes]\nseen = true", "homes: there is no such key; did you mean 'home'?"),
        ("[home]\nexploration = 0.9", "home.exploration is 0.9: it should be less than or equal to 0.5"),
        ("[home]\nexploration = nan", "home.exploration is nan: it should be a finite number"),
        ("[home]\nexploration = true", "home.exploration is True: it should be a valid number"),
        ("[home]\nexploration = '0.1'", "home.exploration is '0.1': it should be a valid number"),
        ("[home]\nseen = 1", "home.seen is 1: it should be true or false"),
        ("[home.caps]\nmake = 2.5", "home.caps.make is 2.5: it should be a valid integer"),
        ("[home.caps]\nmake = 0", "home.caps.make is 0: it should be greater than or equal to 1"),
        ("[home.weights]\ntatse = 1", "home.weights.tatse: there is no such key; did you mean 'taste'?"),
        ("home = 3", "home is 3: it should be a table"),
        ("[home", "is not TOML: Expected ']'"),
        ("[rules]\nname = 'a'", "rules: it should be a list of tables; write [[rules]] with two brackets"),
        (RULE, "rules[1].where is missing; write it"),
        (RULE + "where = {}", "rules[1].where: it names no condition; write one, such as make = 'Kia'"),
        (RULE + "where = { make = [] }", "rules[1].where.make is []: it should have at least 1 item, not 0"),
        (RULE + "where = { currency = 'EUR' }", "rules[1].where: it names no condition"),
        (RULE + "where = { min_pric = 3 }", "rules[1].where.min_pric: there is no such key; did you mean 'min_price'?"),
        (RULE + "where = { min_price = 9, max_price = 1 }", "min_price is 9, above max_price 1; swap them"),
        (RULE + "where = { min_year = '2012' }", "rules[1].where.min_year is '2012': it should be a valid integer"),
        (RULE + "where = { fuel = 'desel' }", "rules[1].where.fuel: there is no value 'desel'; did you mean 'diesel'?"),
        (RULE + "where = { near = [50, 14] }", "rules[1].where: near needs radius_km"),
        (RULE + "where = { near = [50, 200], radius_km = 9 }", "rules[1].where.near[2] is 200: it should be less"),
        (RULE + "where = { missing = 'pric' }", "rules[1].where.missing[1] is 'pric': it should be 'make', "),
        (RULE + "form = 2026-02-01\nwhere = { make = 'Kia' }", "form: there is no such key; did you mean 'from'?"),
        (RULE + "from = '2026-02-01'\nwhere = { make = 'Kia' }", "a date without quotes, such as 2026-03-01"),
        (RULE + "from = 2026-02-01\nuntil = 2026-01-01\nwhere = { make = 'Kia' }", "is after until 2026-01-01; swap"),
        (RULE + "placements = 'emial'\nwhere = { make = 'Kia' }", "rules[1].placements[1] is 'emial': it should be"),
        (RULE + "amount = 1\nwhere = { make = 'Kia' }", "amount is 1, but only a boost takes one; remove it"),
        (BOOST + "where = { make = 'Kia' }", "rules[1]: a boost needs an amount, such as amount = 0.3"),
        (BOOST + "amount = 9\nwhere = { make = 'Kia' }", "rules[1].amount is 9: it should be less than or equal to 3"),
        (2 * (RULE + "where = { make = 'Kia' }\n"), "rules: the name 'a' is there twice; give each its own"),
        (EXPERIMENT + "share = 0.4", "experiments[1]: the shares add up to 0.9; make them add up to 1"),
        (EXPERIMENT + "shares = 0.5", "experiments[1].variants.b.shares: there is no such key; did you mean 'share'?"),
        (EXPERIMENT + "share = 0.5\ncaps = { mak = 2 }", "experiments[1].variants.b.caps.mak: there is no such key;"),
    ],
)
def test_a_mistake_is_one_line_with_file_key_value_and_cure(tmp_path: Path, text: str, said: str) -> None:
    with pytest.raises(StartError) as caught:
        own(tmp_path, text)
    line = str(caught.value)
    assert said in line
    assert line.startswith(str(tmp_path / "own.toml"))
    assert "\n" not in line


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(StartError, match=r"none\.toml cannot be read"):
        load(tmp_path / "none.toml")


def test_a_variant_changes_its_shoppers_only(tmp_path: Path) -> None:
    placements = own(
        tmp_path,
        "[[experiments]]\nname = 'wider'\nplacements = 'home'\n[experiments.variants.control]\nshare = 0.5\n"
        "[experiments.variants.bold]\nshare = 0.5\nexploration = 0.4\ncaps = { make = 2 }\n",
    )
    seen = {
        (s.variant, s.exploration, s.caps["make"], s.caps["model"])
        for i in range(200)
        for s in [placements.of("home", f"shopper {i}")]
    }
    assert seen == {("wider:control", 0.1, 6, 3), ("wider:bold", 0.4, 2, 3)}
    assert placements.of("email", "shopper 1").variant is None


def test_somebody_in_two_experiments_has_the_variants_of_both(tmp_path: Path) -> None:
    both = EXPERIMENT + "share = 0.5\n"
    assert own(tmp_path, both + both.replace("'e'", "'f'")).of("home", "anna").variant in {
        f"e:{one},f:{other}" for one in "ab" for other in "ab"
    }


@given(st.text())
def test_a_shopper_stays_in_a_variant_wherever_it_runs(shopper_id: str) -> None:
    first = experiment("test", a=0.2, b=0.8, none=0.0).variant_of(shopper_id)
    elsewhere = Experiment(name="test", placements=("email",), variants={"a": {"share": 0.2}, "b": {"share": 0.8}})
    assert first == elsewhere.variant_of(shopper_id)
    assert first in ("a", "b")


def test_the_hash_is_the_same_in_every_process_and_version() -> None:
    """Another hash would move the shoppers of every running experiment."""
    test = experiment("test", a=0.5, b=0.5)
    assert "".join(test.variant_of(f"shopper {i}") for i in range(12)) == "abbbababbbbb"


def test_shares_hold_and_experiments_are_independent() -> None:
    one, two = experiment("one", a=0.3, b=0.7), experiment("two", a=0.3, b=0.7)
    pairs = [(one.variant_of(f"s{i}"), two.variant_of(f"s{i}")) for i in range(20_000)]
    for first, expected in (("a", 0.3), ("b", 0.7)):
        others = [second for x, second in pairs if x == first]
        # Four standard deviations of a share over 20,000 and over the smaller group of 6,000.
        assert len(others) / len(pairs) == pytest.approx(expected, abs=0.013)
        assert others.count("a") / len(others) == pytest.approx(0.3, abs=0.024)
