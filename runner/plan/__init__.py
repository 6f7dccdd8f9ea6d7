"""Plan: what a sync would do and why, from wanted queries and the ledger; pure."""
