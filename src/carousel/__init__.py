"""Carousel: a real-time recommender for car marketplaces."""

__version__ = "0.1.0"
