"""The device that computes, its number format, and the memory that is kept between steps."""
