"""What was learned, for people: rules, words, rows of the tree, figures, which point to take."""
