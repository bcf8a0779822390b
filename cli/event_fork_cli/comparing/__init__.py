"""Two tables, or two prefixes of S3, compared by key: what a replay into a shadow would change.

values    items and documents as paths with texts: what is compared, hashed and shown
results   counts and samples of a comparison
tables    two DynamoDB tables
prefixes  two prefixes of S3
"""
