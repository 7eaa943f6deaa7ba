"""/openapi.json: what APIFlask cannot know by itself is added here, once for all endpoints."""
