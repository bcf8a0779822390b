################################################################################
# API Gateway -> CheckoutApiBackendFunction -> CheckoutEventsTopic
################################################################################

locals {
  api_backend_name = "${var.name}-api-backend"

  bad_request_body = jsonencode({
    message    = "Invalid request body"
    validation = "$context.error.validationErrorString" # names the field: order.schema.json
  })
}

resource "aws_api_gateway_rest_api" "this" {
  name        = var.name
  description = "Takes orders"
  tags        = var.tags

  endpoint_configuration {
    types = ["REGIONAL"]
  }
}

resource "aws_api_gateway_resource" "orders" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  parent_id   = aws_api_gateway_rest_api.this.root_resource_id
  path_part   = "orders"
}

resource "aws_api_gateway_model" "order" {
  rest_api_id  = aws_api_gateway_rest_api.this.id
  name         = "Order"
  content_type = "application/json"
  schema       = file("${path.module}/order.schema.json")
}

resource "aws_api_gateway_request_validator" "body" {
  rest_api_id           = aws_api_gateway_rest_api.this.id
  name                  = "body"
  validate_request_body = true
}

resource "aws_api_gateway_method" "post_order" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  resource_id          = aws_api_gateway_resource.orders.id
  http_method          = "POST"
  authorization        = var.api_authorization
  request_models       = { "application/json" = aws_api_gateway_model.order.name }
  request_validator_id = aws_api_gateway_request_validator.body.id
}

resource "aws_api_gateway_integration" "post_order" {
  rest_api_id             = aws_api_gateway_rest_api.this.id
  resource_id             = aws_api_gateway_resource.orders.id
  http_method             = aws_api_gateway_method.post_order.http_method
  integration_http_method = "POST"
  type                    = "AWS_PROXY"
  uri                     = aws_lambda_function.api_backend.invoke_arn
}

resource "aws_api_gateway_gateway_response" "bad_request_body" {
  rest_api_id        = aws_api_gateway_rest_api.this.id
  response_type      = "BAD_REQUEST_BODY"
  status_code        = "400"
  response_templates = { "application/json" = local.bad_request_body }
}

resource "aws_api_gateway_deployment" "this" {
  rest_api_id = aws_api_gateway_rest_api.this.id

  # A deployment is a snapshot, so anything that changes the API makes a new one. Inputs only: attributes that AWS adds
  # to the resources would change the hash after the first apply.
  triggers = {
    api = sha1(jsonencode([
      file("${path.module}/order.schema.json"),
      local.bad_request_body,
      local.api_backend_name,
      var.api_authorization,
    ]))
  }

  lifecycle {
    create_before_destroy = true
  }

  depends_on = [
    aws_api_gateway_gateway_response.bad_request_body,
    aws_api_gateway_integration.post_order,
  ]
}

resource "aws_api_gateway_stage" "live" {
  rest_api_id          = aws_api_gateway_rest_api.this.id
  deployment_id        = aws_api_gateway_deployment.this.id
  stage_name           = "live"
  xray_tracing_enabled = true
  tags                 = var.tags
}

resource "aws_api_gateway_method_settings" "all" {
  rest_api_id = aws_api_gateway_rest_api.this.id
  stage_name  = aws_api_gateway_stage.live.stage_name
  method_path = "*/*"

  settings {
    metrics_enabled        = true
    throttling_rate_limit  = var.api_throttling.rate
    throttling_burst_limit = var.api_throttling.burst
  }
}

resource "aws_lambda_permission" "api" {
  statement_id  = "AllowThisMethodOfTheApi"
  action        = "lambda:InvokeFunction"
  function_name = aws_lambda_function.api_backend.function_name
  principal     = "apigateway.amazonaws.com"
  source_arn    = "${aws_api_gateway_rest_api.this.execution_arn}/*/POST/orders"
}

################################################################################
# CheckoutApiBackendFunction
################################################################################

resource "aws_lambda_function" "api_backend" {
  function_name    = local.api_backend_name
  description      = "CheckoutApiBackendFunction: checks orders and publishes them"
  role             = aws_iam_role.api_backend.arn
  handler          = "checkout.api_backend.handler"
  runtime          = "python3.13"
  architectures    = ["arm64"]
  memory_size      = 256
  timeout          = 29 # as long as API Gateway waits
  layers           = module.checkout.layers
  filename         = local.functions_zip
  source_code_hash = filebase64sha256(local.functions_zip)

  environment {
    variables = {
      TOPIC_ARN                    = aws_sns_topic.checkout_events.arn
      MAX_ORDER_BYTES              = tostring(var.max_order_bytes)
      POWERTOOLS_SERVICE_NAME      = local.api_backend_name
      POWERTOOLS_METRICS_NAMESPACE = "EventForkPipelines"
      POWERTOOLS_LOG_LEVEL         = "INFO"
    }
  }

  tracing_config {
    mode = "Active"
  }

  tags = var.tags

  # Lambda makes the log group itself when the function runs first; Terraform would then fail on its name.
  depends_on = [aws_cloudwatch_log_group.api_backend, aws_iam_role_policy.api_backend]
}

resource "aws_cloudwatch_log_group" "api_backend" {
  name              = "/aws/lambda/${local.api_backend_name}"
  retention_in_days = 30
  tags              = var.tags
}

resource "aws_iam_role" "api_backend" {
  name = "${local.api_backend_name}-${local.region}"
  assume_role_policy = jsonencode({
    Version = "2012-10-17"
    Statement = [{
      Effect    = "Allow"
      Principal = { Service = "lambda.amazonaws.com" }
      Action    = "sts:AssumeRole"
    }]
  })
  tags = var.tags
}

resource "aws_iam_role_policy" "api_backend" {
  name = "publish-orders"
  role = aws_iam_role.api_backend.id
  policy = jsonencode({
    Version = "2012-10-17"
    Statement = [
      {
        Sid      = "PublishOrders"
        Effect   = "Allow"
        Action   = "sns:Publish"
        Resource = aws_sns_topic.checkout_events.arn
      },
      {
        Sid       = "UseTheTopicsKey" # publishing to an encrypted topic encrypts on behalf of the publisher
        Effect    = "Allow"
        Action    = ["kms:Decrypt", "kms:GenerateDataKey"]
        Resource  = aws_kms_key.orders.arn
        Condition = { StringEquals = { "kms:ViaService" = "sns.${local.region}.amazonaws.com" } }
      },
      {
        Sid      = "WriteLogs"
        Effect   = "Allow"
        Action   = ["logs:CreateLogStream", "logs:PutLogEvents"]
        Resource = "${aws_cloudwatch_log_group.api_backend.arn}:*"
      },
      {
        Sid      = "SendTraces" # X-Ray has no resource-level permissions for these two
        Effect   = "Allow"
        Action   = ["xray:PutTraceSegments", "xray:PutTelemetryRecords"]
        Resource = "*"
      },
    ]
  })
}
