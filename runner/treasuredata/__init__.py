"""Treasure Data: the client, the ledger and the result export route."""
