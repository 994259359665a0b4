"""Reading portals: from a source to a record. Imports neither `cli` nor `storage`."""
