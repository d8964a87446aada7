"""How a trained network becomes an artifact: the graph and what stands beside it, and how its
output is decided on."""
