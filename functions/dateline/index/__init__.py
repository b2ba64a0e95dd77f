"""The index: DynamoDB items of stories, revisions, places and clusters."""
