"""One room per service: an object with boto3's methods, in memory, that refuses what AWS refuses."""
