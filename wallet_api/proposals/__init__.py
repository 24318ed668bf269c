"""Acts that two people decide: one proposes, another approves, and the approval performs the act."""
