"""The only place with SQL and drivers. Its functions are synchronous and take a transaction."""
