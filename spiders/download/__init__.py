"""Download handler: connections, HTTP/1.1, addresses, and rendered pages."""
