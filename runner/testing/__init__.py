"""The cohorts' own tests, on this machine and on a real engine."""
