"""One module per noun of the API; each turns a request into one call of `ingest` and its result into an answer."""
