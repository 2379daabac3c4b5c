"""Detectors: one contract for all, each one's own facts, and a simulated shop."""
