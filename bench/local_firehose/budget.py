"""How much may wait in memory. Beyond it records are refused, which is what ThrottledRecords counts."""


class Budget:
    """Bytes accepted and not yet settled."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.used = 0

    def take(self, cost: int) -> bool:
        """Reserve ``cost`` bytes, or False when they do not fit."""
        if self.used + cost > self.limit:
            return False
        self.used += cost
        return True

    def charge(self, cost: int) -> None:
        """Count bytes that cannot be refused (made by a stage, found at a restart); a negative cost gives back."""
        self.used += cost
