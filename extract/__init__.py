"""From the vendors' APIs to raw tables: windows of a resource and a day, append-only, versioned."""
