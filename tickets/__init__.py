"""The life of a ticket: a complaint (投诉) or a request (诉求) of an enterprise."""
