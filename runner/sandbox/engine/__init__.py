"""A real Trino 423 on this machine, with tables in memory and Treasure Data's functions."""
