"""Harvest: from what a portal lists to articles in the archive, once each, and again only where something changed."""
