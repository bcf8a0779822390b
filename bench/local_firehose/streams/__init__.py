"""Streams as the API sees them: configuration, versions, states, tags, encryption."""
