"""The citizen's side: everything under `/me/` is about the bearer of the token and nobody else.

- Whose documents they are is asked of the registries at each request, by the pivot identity that the token carries. No
  pivot is stored, and no link from a person to a document: the registry's reference is the condition of every query.
- What is stored of an act is a pseudonym that differs for each authority, so that a person's licence and card stay two
  strangers in the database (france.md, section 11).
"""
