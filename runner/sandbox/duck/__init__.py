"""DuckDB's SQL for a statement of Trino, written only where it is known to answer the same."""
