"""MiniStack, the default backend: its own virtualenv and launcher, with corrections (see `corrections`)."""
