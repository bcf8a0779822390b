"""What happens to a record between PutRecord and its destination's buffer, stage by stage."""
