"""The seller's product database: its tables, and the database that holds them."""
