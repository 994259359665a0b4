"""What every SharePoint page shares: chrome, list forms, client-rendered data, addresses, soft errors."""
