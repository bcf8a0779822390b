"""What the module keeps in the search domain beside documents: an index template, an alias, and no old indices."""
