"""Discovery: which articles a portal has. Doors give listing entries; what an article says is no affair of theirs."""
