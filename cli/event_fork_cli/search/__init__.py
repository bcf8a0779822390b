"""The search index as a cache of the archive: read, written from the archive, built anew.

calls       requests to the domain that are tried again
bulk        documents into an index, each with the id of its event
contents    ids of what an index holds
aliases     the alias that means the fork's index, also after a rebuild
sources     the search fork as it is deployed: what it lets through, and which document it makes of an event
rebuilding  an index from the archive, and the alias that then means it
query       SQL over the archive, without an index
ids         the ids that such a query finds, for a replay
"""
