"""What Trino computes in Java and DuckDB has no exact words for, in Python: values in, values out."""
