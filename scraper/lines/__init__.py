"""What one printed line says: dates, bylines, counters, captions. Pure text to values; no page, no tree."""
