"""SQL: what an author wrote, rendered, checked and wrapped into queries."""
