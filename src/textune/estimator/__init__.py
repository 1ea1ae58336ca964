"""A text classifier with the interface of scikit-learn."""
