"""GitHub: its API over HTTP, and the event that a run was started for, from a file."""
