"""Trino's functions that DuckDB has no exact words for, in Python: values in, values out."""
