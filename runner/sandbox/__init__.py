"""Treasure Data and Braze on loopback, for trying out and for tests; imports nothing of
the rest of the runner.
"""
