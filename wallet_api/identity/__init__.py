"""Who is calling: access tokens of an OpenID provider, or of the built-in issuer of a demonstration home.

A token says who somebody is and in which role; the service keeps of it an opaque pseudonym and nothing else.
"""
