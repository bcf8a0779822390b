# What the root module promises, on a mocked provider: it puts forks together, and nothing else. Run with -test-directory=tests/terraform.

mock_provider "aws" {
  source = "./tests/terraform/mocks"
}

variables {
  topic_arn = "arn:aws:sns:eu-west-1:123456789012:orders"
}

run "makes_nothing_unless_asked" {
  assert {
    condition     = length(output.storage_backups) + length(output.search_analytics) + length(output.replays) == 0
    error_message = "A topic alone must not make any fork."
  }
}

run "makes_several_forks_of_each_kind_on_one_topic" {
  variables {
    storage_backups = {
      orders-archive = {}
      large-orders-archive = {
        filter_policy = jsonencode({ amount = [{ numeric = [">=", 100] }] })
        compression   = "UNCOMPRESSED"
        tags          = { team = "finance" }
      }
    }
    search_analytics = {
      orders-search = {
        index_name = "orders"
        domain     = { arn = "arn:aws:es:eu-west-1:123456789012:domain/shared", endpoint = "search-shared.eu-west-1.es.amazonaws.com" }
      }
    }
    replays = {
      orders-replay = {
        destination_queue = { arn = "arn:aws:sqs:eu-west-1:123456789012:checkout", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout" }
      }
      payments-replay = {
        destination_queue = { arn = "arn:aws:sqs:eu-west-1:123456789012:payments", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/payments" }
      }
    }
    tags = { team = "shop", stage = "test" }
  }

  assert {
    condition = (
      toset(keys(output.storage_backups)) == toset(["orders-archive", "large-orders-archive"])
      && toset(keys(output.search_analytics)) == toset(["orders-search"])
      && toset(keys(output.replays)) == toset(["orders-replay", "payments-replay"])
    )
    error_message = "Each key must be a fork."
  }

  assert {
    condition = alltrue(flatten([
      for forks in [output.storage_backups, output.search_analytics, output.replays] : [
        for name, fork in forks : fork.queue_name == name && fork.dead_letter_queue_name == "${name}-dlq" && fork.function_name == name && fork.log_group_name == "/aws/lambda/${name}"
      ]
    ]))
    error_message = "Everything of a fork must be named after its key, so that no two forks share anything."
  }

  assert {
    condition     = output.search_analytics["orders-search"].domain_endpoint == "search-shared.eu-west-1.es.amazonaws.com" && output.search_analytics["orders-search"].index_name == "orders"
    error_message = "Attributes must reach the module."
  }

  assert {
    condition     = output.storage_backups["orders-archive"].delivery_stream_name == "orders-archive" && output.storage_backups["orders-archive"].glue_table_name == null
    error_message = "{} must take the module's defaults."
  }
}

run "refuses_one_name_for_two_forks" {
  command = plan

  variables {
    storage_backups = { orders = {} }
    replays = {
      orders = {
        destination_queue = { arn = "arn:aws:sqs:eu-west-1:123456789012:checkout", url = "https://sqs.eu-west-1.amazonaws.com/123456789012/checkout" }
      }
    }
  }

  expect_failures = [var.replays]
}
