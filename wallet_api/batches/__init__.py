"""Many acts in one file: checked line by line, approved by a second person, then done one line at a time."""
