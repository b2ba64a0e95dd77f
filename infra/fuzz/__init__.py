"""Fuzzing: bytes from a coverage-guided fuzzer, each input with exactly one allowed outcome.

Targets: ``python -m infra.fuzz page`` for pages, ``capture`` for WARC files, ``clipping`` for plain text, ``date`` for
dates and JSON-LD; ``feed``, ``sitemap``, ``section`` and ``robots`` for discovery. Options of libFuzzer follow, such as
``-max_total_time=600``; a folder among them keeps the interesting inputs. Install ``'.[fuzz]'`` (atheris, for Linux and
macOS). The first finding ends the run and is kept as a file: ``python -m infra.fuzz page crash-...``. Tests run the
same targets on fewer inputs (hypothesis).
"""
