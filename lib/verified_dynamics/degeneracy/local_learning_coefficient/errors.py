"""What the estimator refuses."""


class LearningCoefficientError(ValueError):
    """The model, loss, data or settings given do not define a local learning coefficient."""
