"""What was learned, for people: rules, rows of the tree, figures."""
