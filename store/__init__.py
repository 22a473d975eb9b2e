"""Where rows are kept: the only folder that knows which database it is."""
