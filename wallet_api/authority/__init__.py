"""Acts of authority on the right to drive, on titles and on cards."""
