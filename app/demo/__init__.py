"""Made-up enterprises, talks and tickets, for showing the product and for measuring it."""
