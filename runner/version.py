"""The version of the command, as the package has it."""

VERSION = "0.1.0"
