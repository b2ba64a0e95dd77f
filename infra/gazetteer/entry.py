"""A line of the gazetteer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """What it is, its GeoNames id, country, inhabitants and name, and the forms to look for."""

    kind: str
    id: int | None
    country: str
    population: int
    name: str
    forms: tuple[str, ...]

    def line(self) -> str:
        id = "" if self.id is None else str(self.id)
        return "\t".join((self.kind, id, self.country, str(self.population), self.name, "|".join(self.forms))) + "\n"
