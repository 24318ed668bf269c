"""Hostile requests made from the OpenAPI document, sent to a real service as every role: `./run apifuzz`."""
