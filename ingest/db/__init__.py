"""The only SQL and the only commit: tables, transactions, and the functions that read and change rows."""
