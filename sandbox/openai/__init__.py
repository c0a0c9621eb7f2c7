"""OpenAI's API platform: costs and usage by day, and the directories of an organization."""
