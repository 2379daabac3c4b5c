"""Faults with a known cause, through the whole program."""
