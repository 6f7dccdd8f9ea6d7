"""The project file, and what it declares: sources, tables, schedules."""
