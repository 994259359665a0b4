"""Portals and products as data: one TOML each."""
