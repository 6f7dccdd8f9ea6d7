"""Definitions: the cohort files of a repository, read, checked and turned into cohorts."""
