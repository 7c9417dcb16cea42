"""Simulated timelines: their stories, drawings, and the plugin that gives them to tests."""
