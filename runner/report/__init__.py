"""Report: values to text, for terminals and machines."""
