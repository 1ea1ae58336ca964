"""Annotation tools: reads what they export, and writes what they import. One file per tool."""
