"""Made-up pages, stories and outlets to measure with."""
