"""Mandates in the manner of Aidants Connect: a person lets an aidant obtain or renew one document for them, for a time.

- One document, 1, 31, 182 or 365 days, revocable at once; giving, each use and the revocation are journaled under both ids.
- What the aidant gets is an activation code that is worth nothing without the second part that the person alone was told
  when giving the mandate: the credential arrives on the person's phone, never on the aidant's.
- An aidant never presents a document, sees neither points nor claims, and learns no name from the service.
"""
