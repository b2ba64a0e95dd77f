"""A line of the gazetteer."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Entry:
    """Kind, GeoNames id, country, inhabitants, name and searched forms of a place."""

    kind: str
    id: int | None
    country: str
    population: int
    name: str
    forms: tuple[str, ...]

    def line(self) -> str:
        id = "" if self.id is None else str(self.id)
        return "\t".join((self.kind, id, self.country, str(self.population), self.name, "|".join(self.forms))) + "\n"
