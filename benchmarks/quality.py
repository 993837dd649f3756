"""What recommendations are worth on the simulated market: the tables of docs/quality.md.

    python benchmarks/quality.py [--listings 20000] [--shoppers 1500] [--seed 1]

Shoppers no model has seen look at 3, 8 and 20 cars; `carousel/evaluation/simulated.py` says how they choose and what is
counted.
"""

import argparse
import time

from carousel.crowd.choice_model import ChoiceModel
from carousel.evaluation import simulated
from carousel.evaluation.simulated import Market, Slates


def models_of(market: Market, model: ChoiceModel) -> dict[str, Slates]:
    plain = simulated.plain_features(market)
    return {
        "oracle: knows the utilities": simulated.oracle,
        "oracle, at most 3 of a model": simulated.capped(market, simulated.oracle_scores),
        "random": simulated.random(market),
        "popular": simulated.popular(market),
        "newest": simulated.newest(market),
        "nearest to last viewed": simulated.nearest_to_last(market.embeddings),
        "item-to-item": simulated.item_to_item(market),
        "plain ALS": simulated.plain_als(market),
        "running average, plain features": simulated.running_average(plain),
        "running average, our embedding": simulated.running_average(market.embeddings),
        "running average, at most 3 of a model": simulated.capped(market, simulated.average_scores(plain)),
        "Carousel, taste alone": simulated.carousel(market, None),
        "Carousel, the best without a mix": simulated.carousel(market, model, mixed=False),
        "Carousel": simulated.carousel(market, model),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--listings", type=int, default=20_000)
    parser.add_argument("--shoppers", type=int, default=1_500, help="shoppers no model has seen")
    parser.add_argument("--past", type=int, default=2_000, help="shoppers the models learn from")
    parser.add_argument("--seed", type=int, default=1)
    chosen = parser.parse_args()
    started = time.perf_counter()
    market = Market(listings=chosen.listings, shoppers=chosen.past, seed=chosen.seed)
    model = market.trained()
    models = models_of(market, model)
    for views in (3, 8, 20):
        print(f"\n### After {views} views\n")
        print(simulated.table(simulated.evaluate(market, models, shoppers=chosen.shoppers, views=views)), flush=True)
    print("\n### New listings\n")
    print("| new listings in 2,000 slates of 20 | seen 50 times | places explored | HR@10 | without exploration |")
    print("|---|---|---|---|---|")
    for new in (20, 40, 60):
        got = simulated.first_impressions(market, model, new=new)
        print(f"| {new} | {got.reached:.0%} | {got.explored:.1%} | {got.hr:.4f} | {got.hr_without:.4f} |", flush=True)
    print(f"\n{time.perf_counter() - started:.0f} s")


if __name__ == "__main__":
    main()
