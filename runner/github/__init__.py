"""GitHub: its API, which brings requests, and the event that a run was started for, which does not."""
