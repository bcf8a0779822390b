"""Record format conversion: JSON records, a Glue table's columns, one Parquet or ORC object."""
