"""Tables of what the functions return. No view asks AWS for anything."""
