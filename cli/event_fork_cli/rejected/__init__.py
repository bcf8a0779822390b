"""What a delivery stream could not deliver and has put below `errors/`: looked at, repaired, indexed.

exact_json    JSON whose numbers stay as they were written
failures      a line of an error object, in every form that Firehose writes
fingerprints  why the domain refused a document, from what it says
reading       all of them, streamed
recipes       how documents are repaired
fixing        of a frozen set: repaired, indexed, and only then taken out of its error object
"""
