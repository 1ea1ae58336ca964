"""The page for people: plain HTML, CSS and JavaScript, which load nothing from anywhere else."""
