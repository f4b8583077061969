"""What goes wrong in modular addition before anything is run."""


class ModularAdditionError(ValueError):
    """A modulus, a width, a split or a number that the theory cannot use; the message says what to do."""
