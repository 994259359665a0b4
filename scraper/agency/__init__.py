"""The agency behind a portal, read from the lines of its footer."""

from scraper.agency.reading import AgencyReading, read_agency

__all__ = ["AgencyReading", "read_agency"]
