"""State of crawls: pages, hosts and failures, and where captures go."""
