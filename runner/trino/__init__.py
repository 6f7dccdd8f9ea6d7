"""Trino 423, as far as it can be known without running it: grammar, types, functions,
and what a query means.
"""
