"""What the archive costs: counted use of AWS, a dated price table, and bills made of the two.

``measured`` has what a story and a look consume, counted; ``rounds`` what a round of the crawl function does;
``prices`` the list prices; ``model`` multiplies them. ``dateline cost`` prints the result.
"""
