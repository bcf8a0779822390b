"""The schema of SchemaConfiguration from the Glue Data Catalog."""

from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from local_firehose.aws import Aws
from local_firehose.conversion import hive_types as hive
from local_firehose.conversion.deserializer import ConversionError, Schema
from local_firehose.streams.stream import Stream


async def schema(aws: Aws, stream: Stream, configuration: dict[str, Any]) -> Schema:
    """Columns of the table; ConversionError (DataFormatConversion.<Glue's code>) when they cannot be had."""
    region = configuration.get("Region", stream.region)
    client = aws.client("glue", stream.account, region, configuration["RoleARN"])
    catalog = {"CatalogId": configuration["CatalogId"]} if "CatalogId" in configuration else {}
    where = {"DatabaseName": configuration["DatabaseName"], **catalog}
    version = configuration.get("VersionId", "LATEST")
    try:
        if version == "LATEST":
            table = (await aws.call(client.get_table, Name=configuration["TableName"], **where))["Table"]
        else:
            answer = await aws.call(
                client.get_table_version, TableName=configuration["TableName"], VersionId=version, **where
            )
            table = answer["TableVersion"]["Table"]
    except ClientError as error:
        details = error.response["Error"]
        raise ConversionError(f"DataFormatConversion.{details['Code']}", details.get("Message", "")) from error
    except BotoCoreError as error:
        raise ConversionError("DataFormatConversion.ServiceUnavailable", aws.trouble("glue:GetTable", error)) from error
    columns = table.get("StorageDescriptor", {}).get("Columns", [])
    if not columns:  # an object of no columns would hold nothing of its records
        raise ConversionError("DataFormatConversion.InvalidSchema", f"{configuration['TableName']} has no columns")
    try:
        return Schema(tuple((column["Name"].lower(), hive.parse(column["Type"])) for column in columns))
    except hive.HiveTypeError as error:
        raise ConversionError("DataFormatConversion.InvalidSchema", str(error)) from error


def catalog_table(stream: Stream, configuration: dict[str, Any]) -> dict[str, str]:
    """The dataCatalogTable object of an error document."""
    region = configuration.get("Region", stream.region)
    catalog = configuration.get("CatalogId", stream.account)
    return {
        "catalogId": catalog,
        "databaseName": configuration["DatabaseName"],
        "tableName": configuration["TableName"],
        "region": region,
        "versionId": configuration.get("VersionId", "LATEST"),
        "catalogArn": f"arn:{stream.partition}:glue:{region}:{catalog}:catalog",
    }
