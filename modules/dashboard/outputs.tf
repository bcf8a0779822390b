output "body" {
  description = "The dashboard as JSON."
  value       = aws_cloudwatch_dashboard.this.dashboard_body
}
