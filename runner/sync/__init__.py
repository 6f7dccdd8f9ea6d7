"""Sync: carrying out a plan, one attempt a cohort."""
