################################################################################
# Format of the objects
################################################################################

locals {
  parquet = var.format == "parquet"

  compression = var.compression != null ? var.compression : local.parquet ? "Snappy" : "GZIP"

  # Parquet and partitions gather more than the 5 MiB that Firehose begins with: it refuses less than 64 MiB for both, and takes 128 MiB
  # itself when it converts.
  buffer_size_mib = var.buffering.size_mib != null ? var.buffering.size_mib : local.parquet ? 128 : local.partitioned ? 64 : 5

  # How Athena reads an object, and into what Firehose converts it.
  table_storage = {
    json = {
      classification = "json"
      compression    = local.compression == "GZIP" ? "gzip" : "none"
      input_format   = "org.apache.hadoop.mapred.TextInputFormat"
      output_format  = "org.apache.hadoop.hive.ql.io.HiveIgnoreKeyTextOutputFormat"
      name           = "json"
      library        = "org.openx.data.jsonserde.JsonSerDe"
      # The envelope says MessageId, Athena's columns are lower case. The keys of maps (names of attributes) keep their case.
      parameters = { "case.insensitive" = "TRUE" }
    }
    parquet = {
      classification = "parquet"
      compression    = "none" # of the object as a whole; inside, its pages are compressed
      input_format   = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetInputFormat"
      output_format  = "org.apache.hadoop.hive.ql.io.parquet.MapredParquetOutputFormat"
      name           = "parquet"
      library        = "org.apache.hadoop.hive.ql.io.parquet.serde.ParquetHiveSerDe"
      parameters     = { "serialization.format" = "1" }
    }
  }[var.format]

  # The table that Athena reads is the schema that Firehose writes by, so the two cannot differ.
  conversions = local.parquet && var.athena != null ? [{
    database_name = local.glue_database_name
    table_name    = aws_glue_catalog_table.this[0].name
    compression   = upper(local.compression)
  }] : []

  # arn:aws:glue:eu-west-1:123456789012:table/orders/events without its end is where the catalog's other names begin.
  catalog_arns = [for table in aws_glue_catalog_table.this : trimsuffix(table.arn, ":table/${table.database_name}/${table.name}")]
  schema_statements = [for number, conversion in local.conversions : {
    sid     = "ReadSchema"
    actions = ["glue:GetTable", "glue:GetTableVersion", "glue:GetTableVersions"]
    resources = [
      "${local.catalog_arns[number]}:catalog",
      "${local.catalog_arns[number]}:database/${conversion.database_name}",
      "${local.catalog_arns[number]}:table/${conversion.database_name}/${conversion.table_name}",
    ]
  }]
}
