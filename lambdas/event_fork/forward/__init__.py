"""From a fork's queue or stream to Data Firehose: what a batch or a record becomes on its way."""
