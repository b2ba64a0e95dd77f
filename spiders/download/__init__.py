"""Download handler: connections, HTTP/1.1, addresses, and pages that a browser renders."""
