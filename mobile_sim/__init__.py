"""A phone in a folder: holds credentials, signs presentations, draws the code."""
