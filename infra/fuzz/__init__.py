"""Fuzzing: bytes that a coverage-guided fuzzer makes up, each of which must have exactly one outcome.

``python -m infra.fuzz page`` makes up pages, ``capture`` WARC files, ``clipping`` plain-text cuttings, ``date`` written
dates and JSON-LD; ``feed``, ``sitemap``, ``section`` and ``robots`` what stories are found by. Options of libFuzzer
follow, such as ``-max_total_time=600``; a folder among them keeps what it found worth going on from. Needs
``pip install '.[fuzz]'`` (atheris, for Linux and macOS). It stops at the first finding, which it leaves as a file to
run again: ``python -m infra.fuzz page crash-...``. The tests hold the same targets against fewer bytes (hypothesis).
"""
