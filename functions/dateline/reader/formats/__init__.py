"""Forms of an answer: feeds, citations, problem documents, and the choice among them."""
