"""A simulated marketplace: car models (facts), listings, and shoppers who choose."""

from carousel.market.load import load

__all__ = ["load"]
