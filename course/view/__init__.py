"""Show the course on a terminal: everything that knows Rich lives here."""
