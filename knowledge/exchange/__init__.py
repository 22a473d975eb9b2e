"""Articles as files: tables, archives and documents, both ways where that can be done without loss."""
