"""How a network learns: what it starts from, stage by stage, as a recipe says."""
