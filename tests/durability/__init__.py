"""What was acknowledged stays, and counts once: kill loops, disks that are full, and the same decision many times at once."""
