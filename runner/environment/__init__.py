"""What surrounds a run: environment variables, git, a webhook."""
