"""A store as one file: everything to have it again elsewhere, without parsing or embedding anything."""
