"""Imports as a whole: no circle, not even one of types."""

import grimp


def test_no_import_circle() -> None:
    """No module imports itself by way of others; imports for types count."""
    graph = grimp.build_graph("dateline", "spiders", exclude_type_checking_imports=False, cache_dir=None)
    rest = {module: graph.find_modules_directly_imported_by(module) for module in graph.modules}
    assert len(rest) > 150
    while leaves := {module for module, imported in rest.items() if not imported & rest.keys()}:
        rest = {module: imported for module, imported in rest.items() if module not in leaves}
    assert sorted(rest) == []
