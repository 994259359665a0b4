"""Keeping records: the archive and its exports.

Of `scraper` it imports the leaf modules alone: `models`, `errors` and `text`.
"""
