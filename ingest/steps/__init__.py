"""The steps of a file's way, in the order in which data flows: parse, chunk, embed, index."""
