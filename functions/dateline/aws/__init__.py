"""Clients of S3, DynamoDB and SQS, and the deployment that they belong to."""
