"""What a picture's file is made of, before anybody decodes it."""
