"""YAML files: their syntax, their values with positions, and JSON Schema with its errors in words."""
