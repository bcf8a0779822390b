"""What AWS bills for: prices, how often a way uses each of them, and what that comes to."""
