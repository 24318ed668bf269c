"""`python -m wallet_api.demo`: the whole journey on this machine, with real programs, real images and throw-away keys."""
