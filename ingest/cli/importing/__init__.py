"""What `ingest import` is made of: which files, their upload, their batches, and what is told about them."""
