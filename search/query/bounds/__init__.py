"""What plain words say of prices and dates besides what they look for."""
