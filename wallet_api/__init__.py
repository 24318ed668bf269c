"""The service: issuing, life-cycle of wallets, acts of authority, publication."""
