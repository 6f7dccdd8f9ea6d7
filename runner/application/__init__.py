"""What the program does for a person: one module for each thing that can be asked for,
from values to values.
"""
