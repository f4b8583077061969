"""What ensembles refuse."""


class EnsembleError(ValueError):
    """The networks, data, optimizer or device given cannot be trained as one ensemble."""
