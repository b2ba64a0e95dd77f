"""Who wrote a story: authors, agencies and the dateline."""
