"""The commands: options, one call, one print."""
