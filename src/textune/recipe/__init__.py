"""Recipes: every setting of a training, and how a recipe is read and overridden."""
