"""HTTP: OpenAI's Files, Vector stores, File batches and Search API over what `ingest` does."""
