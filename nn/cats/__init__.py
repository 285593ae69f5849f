"""The cat pictures, drawn or read from files, and the model that tells cats from other things."""
