"""Buffers, object names, bytes of an object, error documents."""
