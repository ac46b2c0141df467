"""The partition: boundaries, regions, and the tree that is grown from them."""
