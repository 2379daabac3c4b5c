"""Baselines of counts, and discoveries among many tests."""
