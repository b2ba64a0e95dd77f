"""Clients of S3, DynamoDB and SQS, and their deployment."""
