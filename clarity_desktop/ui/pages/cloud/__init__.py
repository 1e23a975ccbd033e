"""Pages of servers: accounts, the server check and sync."""
