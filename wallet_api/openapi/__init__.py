"""The description of the interface (OpenAPI 3.1): made from the routes, completed from the closed catalogues."""
