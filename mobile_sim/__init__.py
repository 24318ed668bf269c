"""A phone in a folder: holds credentials, signs presentations, draws the code.

- It holds no verifier: what it shows is never called valid by it, since a holder's own mark gets mistaken for a check.
- Its keys are software keys, unencrypted in the folder; a real phone keeps them in hardware. It says so in words.
- Showing needs no network. `client.py` is the only file that speaks HTTP.
- Its texts are French first, with an English twin.
"""
