"""What `ingest up` starts when no servers are given."""
