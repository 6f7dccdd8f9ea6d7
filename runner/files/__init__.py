"""YAML files: their syntax, their values with positions, and JSON Schema in plain words."""
