"""What a document is and how its bytes look: no clock, no private key, no input or output."""
