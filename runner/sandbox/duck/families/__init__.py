"""Trino's functions by family: those that this sandbox answers alike."""
