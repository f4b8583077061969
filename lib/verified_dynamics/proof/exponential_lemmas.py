"""True facts about exponentials, for z3: the function grows, and lies above its tangents."""

from itertools import combinations

_MOST_TANGENT_PAIRS = 5  # tangents between all pairs grow quadratically and slow z3 down


def exponential_lemmas(z3, exponentials: list[tuple]) -> list:
    """Facts that tie exponentials (argument, value, condition under which both exist) to each other and to exp(0)."""
    if not exponentials:
        return []
    pairs = [(z3.Q(0, 1), z3.Q(1, 1), z3.BoolVal(True)), *exponentials]
    found = [
        z3.Implies(z3.And(guard, argument != 0), value > 1 + argument)
        for argument, value, guard in exponentials
    ]
    for (a, u, first), (b, v, second) in combinations(pairs, 2):
        facts = [(a < b) == (u < v), (a == b) == (u == v)]
        if len(pairs) <= _MOST_TANGENT_PAIRS:
            facts.append(z3.Implies(a != b, z3.And(u > v * (1 + a - b), v > u * (1 + b - a))))
        found.append(z3.Implies(z3.And(first, second), z3.And(*facts)))
    return found
