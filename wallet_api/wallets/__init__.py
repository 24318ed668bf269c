"""Life of a wallet: pause, resume, loss."""
