"""Which things belong together, by links between two of them."""

LARGE = 100  # members: in so large a group one more link tells nothing


class UnionFind:
    """Union-find; the least member names its group. Who was never joined is alone."""

    def __init__(self) -> None:
        self._up: dict[int, int] = {}
        self._sizes: dict[int, int] = {}

    def first_of(self, one: int) -> int:
        """Return the least member of the group that one is in."""
        up = self._up
        while (above := up.setdefault(one, one)) != one:
            up[one] = one = up.setdefault(above, above)
        return one

    def join(self, one: int, other: int) -> None:
        """Make one group of two."""
        first, second = sorted((self.first_of(one), self.first_of(other)))
        if first != second:
            self._up[second] = first
            self._sizes[first] = self._sizes.get(first, 1) + self._sizes.pop(second, 1)

    def are_settled(self, one: int, other: int) -> bool:
        """Tell whether two are together in so large a group that one more link tells nothing."""
        first = self.first_of(one)
        return self._sizes.get(first, 1) > LARGE and first == self.first_of(other)

    def clusters(self) -> list[list[int]]:
        """Return the groups of more than one, members ascending."""
        found: dict[int, list[int]] = {}
        for one in sorted(self._up):
            found.setdefault(self.first_of(one), []).append(one)
        return [members for members in found.values() if len(members) > 1]
