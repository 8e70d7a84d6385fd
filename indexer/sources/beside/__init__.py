"""What stands beside pictures, and says more of them."""
