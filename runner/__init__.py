"""Cohort Runner: audience cohorts as YAML files in git, mirrored from Treasure Data to Braze."""
