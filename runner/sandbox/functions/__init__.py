"""Trino's functions that DuckDB has no exact words for, computed in Python: values in, values out."""
