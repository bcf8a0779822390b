"""Bugs planted one at a time: each must make a test fail. See planted.py."""
