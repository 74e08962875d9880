"""What a check measures of a picture, a sound and a line, and whether that is good enough. Pure: numbers come out, and
never an image or a sound."""
