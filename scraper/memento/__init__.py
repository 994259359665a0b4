"""Web archives as a source: CDX servers (pywb, Wayback) and Memento (RFC 7089)."""
