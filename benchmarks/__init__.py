"""Whole-process measurements, through the product's public doors: `python -m benchmarks`, or `make bench`."""
