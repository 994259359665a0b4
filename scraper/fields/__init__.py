"""The rules of each field: page and zones in, candidates out."""
