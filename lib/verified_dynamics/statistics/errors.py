"""What statistics refuse."""


class StatisticsError(ValueError):
    """The numbers given do not allow the statistic asked for."""


class ReplicateError(StatisticsError):
    """The array's dimensions are not those of independent replicates."""
