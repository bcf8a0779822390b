"""Is a window complete? By ids between archive, index, dead letters and rejected documents, and by SNS's own counts.

sightings     an event seen somewhere: one line of a spilled file
reading       who sees: archive, indices, queues, error folders
reconciling   all sightings of one id -> what is missing and what is too much
witness       SNS's metrics, and the minutes in which they do not agree with the archive
verifying     all of it, in order
repairing     what is missing is put in its place
finding       one event, wherever it is
certificates  a window that was complete, as a document that can be checked
"""
