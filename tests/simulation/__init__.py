"""A seeded simulation of everything that sends: the real code on services that fail, in virtual time. See README.md."""
