"""The HTTP face of the local service: OpenAI's shapes, one module per part of the API."""
