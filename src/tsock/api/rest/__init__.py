"""What every REST resource shares: parameters, pages of lists, and who asks."""
