terraform {
  required_version = ">= 1.9" # validation that reads other variables

  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = ">= 5.100, < 7.0"
    }
  }
}
