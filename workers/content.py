"""Looking at pictures: decoded here and nowhere else."""
