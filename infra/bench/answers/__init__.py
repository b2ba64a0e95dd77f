"""What an archive answers: search, the dataset, copies of a story."""
