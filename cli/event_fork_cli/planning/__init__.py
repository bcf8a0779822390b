"""Reading the archive and making a plan.

listing      the objects of a window, several prefixes at a time
scanning     one object -> what is wanted in it (in the worker processes)
segments     wanted lines -> ranges small enough for one worker
spill        records on disk, in buckets, so that memory does not grow with the archive
duplicates   second copies of an event, by MessageId, bucket by bucket
pool         objects -> processes -> results, never more under way than fits
estimate     minutes and dollars
planner      all of it -> a Plan
"""
